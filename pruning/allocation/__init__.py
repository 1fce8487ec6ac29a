"""Allocations: how a sparsity is shared out over layers, a file each with an `Allocation` in it."""

from pruning.allocation.base import ALLOCATIONS, Allocation, Layers, share

__all__ = ["ALLOCATIONS", "Allocation", "Layers", "share"]
