"""`weight`: single weights."""

from pruning.granularity.base import Granularity

WEIGHT = Granularity("weight")
