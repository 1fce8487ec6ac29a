"""The project's version, which every ticket records."""

VERSION = "0.10.0"
