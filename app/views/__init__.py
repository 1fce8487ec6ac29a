"""The pages, a file each: `show(selection)` picks the data, calls charts, and wires the selection.

The folder is not called `pages`: Streamlit takes a folder of that name beside the main script for its older kind of
multipage app, and the first link into a page would then run that file alone.
"""
