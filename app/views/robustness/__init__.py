"""The sections of the page Robustness: a file a section, each with `show(scope)`."""
