"""Two networks, or two divisions of one, side by side as one page.

    nets         what differs between two networks, as the values that the page shows
    divided      the same for two divisions of a network over devices
    text         which lines of two files differ, and where in them
    page         both as a file: list, figures, places for graphs and texts. What moves is in `assets/difference`
"""
