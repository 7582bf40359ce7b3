"""Findings for others than a reader of plain text: coloured terminals, programs, and the file that is mended."""
