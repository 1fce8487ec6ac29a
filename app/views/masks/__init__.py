"""The views of the page Masks: a file a view, each with `show(selection)`."""
