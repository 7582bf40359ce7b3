"""A network to look around in: its graph beside its text, with search, figures, colours and links, as one page.

    subject    what is shown: a graph, the files that it was written in, findings, and what was measured or decided
    texts      the files with the colours of their words, and the findings at their places
    words      what is said of nodes, operators and blocks beside what the graph view knows
    page       all of it as a file

Of a file longer than 200,000 characters the words have no colours; 5,000 lines of a file, 3,000 rows of the table of
layers and 200 findings are shown, 50 of what a search has found and 40 neighbours are listed, each with how many there
are. Files themselves are at most 1 MB, and 200 of them, as everywhere in the language.
"""
