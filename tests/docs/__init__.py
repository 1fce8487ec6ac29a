"""The documents: what is written of the code (api.md), and what is run as it stands (recipes, notebook, README)."""
