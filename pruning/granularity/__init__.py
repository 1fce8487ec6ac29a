"""Granularities: what is removed as one piece, a file each with a `Granularity` in it; in recipes `structure`."""

from pruning.granularity.base import GRANULARITIES, Granularity, get_granularity, granularity_names

__all__ = ["GRANULARITIES", "Granularity", "get_granularity", "granularity_names"]
