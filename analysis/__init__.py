"""Measures pruned networks: which weights they share, the geometry of their features, how they bear corrupted images.

from analysis import overlap, geometry, embedding, corruptions, robustness

Plain functions that take tickets or arrays and give DataFrames or arrays. `engine.measure` runs them over a whole study
and keeps what they find; `results` reads it back. Nothing here draws, and nothing knows the dashboard.
"""

import importlib
from typing import Any

_METRICS = ("embedding", "geometry", "layers", "overlap")
_FUNCTIONS = {
    "features": "pruning.library",
    "record": "analysis.recording",
    "register_corruption": "analysis.corruptions",
    "register_measure": "analysis.engine.registering",
}
__all__ = [
    "comparisons",
    "corruptions",
    "embedding",
    "features",
    "geometry",
    "layers",
    "overlap",
    "record",
    "register_corruption",
    "register_measure",
    "results",
    "robustness",
]


def __getattr__(name: str) -> Any:
    # Read when first used: together they import torch, pandas and DuckDB, which takes seconds.
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    if name in __all__:
        return importlib.import_module(f"analysis.metrics.{name}" if name in _METRICS else f"analysis.{name}")
    raise AttributeError(f"module 'analysis' has no attribute '{name}'")
