"""`global`: scores are compared over all layers, whatever density that gives each."""

from pruning.allocation.base import Allocation

GLOBAL = Allocation("global", "global, by score alone", None)
