"""A run on one page: `report` joins what a log, a network and its test tell, as HTML that needs nothing else.

    sections      what the page says, a function for each part
    page          the frame: headings, style for light, dark and paper, and no way out to a network
"""

from cnngraph.pages.report.sections import Subject, report

__all__ = ["Subject", "report"]
