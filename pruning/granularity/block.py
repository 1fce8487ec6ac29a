"""`block`: tiles of weights, outputs x inputs, for block-sparse kernels (Gray et al. 2017).

`block` is 4x4, `block:RxC` another size. A convolution has such tiles at each kernel position. Tiles at the edge of a
matrix whose size is no multiple are smaller. As with single weights, a layer may be emptied.
"""

import re
from functools import partial

import torch
from torch import nn

from pruning.errors import UserError
from pruning.granularity.base import Granularity, Ids, Shapes

LARGEST = 256


def units(rows: int, columns: int, shapes: Shapes, model: nn.Module | None) -> Ids:
    """A unit is a tile of `rows` outputs and `columns` inputs at one kernel position, counted row by row."""
    found, first = {}, 0
    for name, shape in shapes.items():
        if len(shape) < 2:
            found[name] = torch.full((), -1).expand(shape)
            continue
        places = shape[2:].numel()
        across = -(-shape[1] // columns)
        row = torch.arange(shape[0]).div(rows, rounding_mode="floor")[:, None, None]
        column = torch.arange(shape[1]).div(columns, rounding_mode="floor")[None, :, None]
        tile = (row * across + column) * places + torch.arange(places)
        found[name] = (first + tile).view(shape)
        first += -(-shape[0] // rows) * across * places
    return found


def parse(name: str) -> Granularity | None:
    """The structure that `block` or `block:RxC` names, None when `name` is not written like that.

    Raises:
        UserError: a side outside 1 to 256.
    """
    found = re.fullmatch(r"block(?::(\d{1,4})x(\d{1,4}))?", name)
    if found is None:
        return None
    rows, columns = int(found[1] or 4), int(found[2] or 4)
    if not (1 <= rows <= LARGEST and 1 <= columns <= LARGEST):
        raise UserError(f"Structure '{name}' is block:RxC, R outputs by C inputs, each from 1 to {LARGEST}.")
    return _tiles(rows, columns)


def _tiles(rows: int, columns: int) -> Granularity:
    name = "block" if rows == columns == 4 else f"block:{rows}x{columns}"
    return Granularity(name, units=partial(units, rows, columns), spelling="block:RxC", parse=parse)


BLOCK = _tiles(4, 4)
