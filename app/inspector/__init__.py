"""The inspector: one image, beside any page."""
