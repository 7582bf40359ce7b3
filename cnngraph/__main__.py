"""`python -m cnngraph`."""

from cnngraph.cli.main import main

main()
