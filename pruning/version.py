"""The project's version, which every ticket records."""

VERSION = "0.11.0"
