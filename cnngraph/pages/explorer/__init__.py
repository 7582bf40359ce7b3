"""A network to look around in: its graph beside its text, with search, figures, colours and links, as one page.

    subject    what is shown: a graph, the files that it was written in, findings, and what was measured or decided
    texts      the files with the colours of their words, and the findings at their places
    words      what is said of nodes, operators and blocks beside what the graph view knows
    page       all of it as a file
"""
