"""What Jupyter, VS Code and IPython show of the values that people hold: nets, graphs, partitions, histories, ...

    formats    which type is shown by which function; `register` tells it to a shell
    looks      a value as HTML, by those functions
    markup     the parts of that: pictures on a card, tables, notes, in light and in dark notebooks
    errors     an error as the report that a terminal shows, without the way that led there
    view       the explorer in a frame
    magic      `%%cnn`, a cell that is a network: the only file that imports IPython
"""
