"""Pages: one HTML file each, which works from the disk and asks nothing of any network.

    markup     elements of HTML as values; all text is escaped there, and nowhere else
    frame      the file around a page: style, scripts, data, and what a browser may do for it
    assets     style and scripts, plain files; `vendor` holds those of others with their licences
"""
