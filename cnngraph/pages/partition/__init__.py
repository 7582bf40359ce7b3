"""A division on one page: the graph in the colours of its devices, when each of them does what, and how good it is.

    runs       without microbatches: several runs one after the other, and one alone, as timelines
    origins    which operators of the network stand behind what is executed
    held       bytes of each device over time
    frames     the graph with a frame for each device
    traffic    what each link carries, and when
    tracks     timelines as the data that `assets/timeline.js` draws
    subject    what a page is about: a division of a graph, or one of a workload of numbers
    sections   the parts of the page that need no script
    page       the page
"""
