"""The views of the page Dynamics: a file a view, each with `show(selection)`."""
