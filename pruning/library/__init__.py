"""Pruning of a network that is at hand: any `nn.Module`, any images and labels, no study and no files.

from pruning import prune
pruned = prune(network, "snip", 0.9, data=loader)
pruned.apply(network)
"""

from pruning.library.choosing import prune, score
from pruning.library.copies import copied
from pruning.library.labelled import labelled_batches
from pruning.library.last_layer import Features, features
from pruning.library.mask_forms import masks_of
from pruning.library.pruned import Pruned, apply_masks
from pruning.library.reconstructed import reconstruct
from pruning.library.trained import train

__all__ = [
    "Features",
    "Pruned",
    "apply_masks",
    "copied",
    "features",
    "labelled_batches",
    "masks_of",
    "prune",
    "reconstruct",
    "score",
    "train",
]
