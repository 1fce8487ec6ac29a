"""Modules' training and evaluation modes, which are given back however what is done between ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Whatever is done to them, modules are in training mode afterwards just where they were before."""
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Have the network in evaluation mode; every module has its own mode back afterwards."""
    with modes_kept(model):
        model.eval()
        yield
