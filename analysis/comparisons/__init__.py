"""Questions asked of results or of live features, a module each: ``from analysis import comparisons``."""

import importlib
from types import ModuleType

from pruning.registry import modules_in


def __getattr__(name: str) -> ModuleType:
    # Read when first used, as together they take seconds.
    if name in __dir__():
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [name.rpartition(".")[2] for name in modules_in(__name__)]
