"""What imports torch is no test itself: the tests that use it ask for torch first, and say so."""

collect_ignore = ["running.py"]
