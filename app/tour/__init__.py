"""A tour of two minutes over the first sample."""
