"""Weights that were trained elsewhere, read from whatever file they are in, without running anything that is in it.

The files of torch (a zip archive, or the older layout without one) hold a pickle: a program that builds objects. It is
never unpickled here, not even by torch, whose restricted reader can be made to fill the memory or to compute for ever.
`pickle_machine` follows the program's steps, writes down which tensors it describes and which names it asks for, and
calls none of them. The numbers are then taken out of the file directly. So a file can be judged before any memory is
spent on it, and a hostile one has nothing to set in motion.
"""

from pruning.checkpoints.masks import read_masks, zeros_as_masks
from pruning.checkpoints.reader import Checkpoint, read

__all__ = ["Checkpoint", "read", "read_masks", "zeros_as_masks"]
