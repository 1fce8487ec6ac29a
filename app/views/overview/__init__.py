"""The views of the page Overview, a file a view."""
