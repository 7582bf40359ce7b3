"""Runs on one page: `report` joins what logs, a network and its test tell, as HTML that needs nothing else.

    subject       what is known: the runs, the network, its test
    sections      the whole page, part by part
    result        figures of one run, or of several beside each other; their curves and epochs; time and machine
    network       the graph, the table of layers, the recipe
    recipe        the words of a train section, as they stand in their file
    answers       what is taken for what, with examples; how sure the net is
    samples       how one sample is shown: a picture, a sequence, a text
    inside        filters, maps of one picture, gradients and activations by layer
    said          what other nets say: boxes, masks, copies, texts, pictures
    parts         pictures, charts and sections as elements
"""

from cnngraph.pages.report.sections import report
from cnngraph.pages.report.subject import Subject, Trial, tried

__all__ = ["Subject", "Trial", "report", "tried"]
