"""A study as one HTML file that opens offline: what the pages show of it, and how it is made again."""
