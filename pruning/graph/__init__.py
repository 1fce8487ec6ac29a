"""The graph of a network's operations: which channels are handed on, which are added to one another and go together."""
