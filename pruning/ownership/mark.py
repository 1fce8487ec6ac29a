"""A code in a mask: where it agrees best, how it gets there, and how surely it is there.

The kernel map of a layer says which kernels are alive. A code is laid over a window of it, dark on alive. The evidence
is a p value: how likely a mask that knows nothing of the code agrees with it as well, in some window of the network.

It is of one text, which was there before the network was looked at. Who may look first and try texts reaches a p value
of about one over their number, or better if he solves for the text, as a code is linear in it. So there is a second p
value, for a text that nobody can date: corrected for all texts as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import gammaln
from torch import Tensor

from pruning.errors import UserError
from pruning.masks import Masks
from pruning.ownership.code import Code, longest, read

CLAIM = 1e-6
"""A claim holds when its p value is below this."""


class Place(NamedTuple):
    """Where a window lies: the layer's parameter, and the kernel in its upper left corner."""

    layer: str
    row: int
    column: int


def kernel_map(mask: Tensor) -> Tensor:
    """Return which kernels of a layer are alive, bool [out, in]: any weight is kept. A linear layer's are its weights.

    Args:
        mask: bool [out, in, ...], True = kept.
    """
    return mask.flatten(2).any(2) if mask.ndim > 2 else mask


def window(masks: Masks, place: Place, side: int) -> np.ndarray:
    """Return the kernel map inside a window, bool [side, side]."""
    rows, columns = slice(place.row, place.row + side), slice(place.column, place.column + side)
    found: np.ndarray = kernel_map(masks[place.layer])[rows, columns].cpu().numpy()
    return found


def best_window(masks: Masks, code: Code) -> Place:
    """Return where fewest kernels must change for the code to be there; of equals the first.

    Raises:
        UserError: no layer is large enough, or those that are keep too few weights or too many to change none.
    """
    free = ~code.fixed
    found = [counts for counts in _counted(masks, code, free) if has_room(masks[counts.layer], code)]
    if not found:
        dark = int((code.modules & free).sum())
        raise UserError(
            f"No layer can take the code and keep as many weights as before: its {dark} dark modules need a weight "
            "each, its light ones none; take a ticket of another sparsity."
        )
    best = max(found, key=lambda counts: int(counts.matches.max()))
    return best.place(int(best.matches.argmax()))


def has_room(mask: Tensor, code: Code) -> bool:
    """Whether a layer may hold the code somewhere with the number of weights that it keeps."""
    kernel, kept = mask[0, 0].numel(), int(mask.sum())
    dark, light = (int((each & ~code.fixed).sum()) for each in (code.modules, ~code.modules))
    return dark <= kept <= mask.numel() - kernel * light


def windows(masks: Masks, code: Code) -> int:
    """Return in how many places the code fits."""
    sizes = [kernel_map(mask).shape for mask in masks.values()]
    return sum(max(0, rows - code.side + 1) * max(0, columns - code.side + 1) for rows, columns in sizes)


@dataclass(frozen=True)
class _Counts:
    """Of all windows of a layer, int64 [rows, columns]: kernels alive, and those of them where the code is dark.

    Only those modules count that are looked at, and `light` of these are light in the code.
    """

    layer: str
    alive: np.ndarray
    hits: np.ndarray
    light: int

    @property
    def matches(self) -> np.ndarray:
        """Modules that agree with the code: dark on alive and light on dead."""
        found: np.ndarray = 2 * self.hits - self.alive + self.light
        return found

    def place(self, position: int) -> Place:
        """The place of a window by its number, row by row."""
        row, column = divmod(position, self.alive.shape[1])
        return Place(self.layer, row, column)


def _counted(masks: Masks, code: Code, free: np.ndarray) -> Iterator[_Counts]:
    """The counts of each layer that the code fits in, of the modules that are free."""
    _check_fits(masks, code)
    light = int((free & ~code.modules).sum())
    for layer, mask in masks.items():
        alive = kernel_map(mask).cpu().numpy().astype(np.float64)
        if min(alive.shape) >= code.side:
            yield _Counts(layer, _slid(alive, free), _slid(alive, free & code.modules), light)


def _slid(alive: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """How many kernels are alive where the pattern is true, for each window."""
    from scipy.signal import oaconvolve

    sums = oaconvolve(alive, pattern[::-1, ::-1].astype(np.float64), mode="valid")
    found: np.ndarray = sums.round().astype(np.int64)
    return found


def _check_fits(masks: Masks, code: Code) -> None:
    if windows(masks, code):
        return
    side, layer = max((min(kernel_map(mask).shape), name) for name, mask in masks.items())
    most = longest(side)
    room = f"which holds a text of {most} bytes at most; shorten it" if most else "and the smallest code has 21"
    raise UserError(
        f"The code of the text is {code.side} modules wide, and the largest layer, '{layer}', has {side} kernels along "
        f"its shorter side, {room}."
    )


@dataclass(frozen=True)
class Evidence:
    """What speaks for a code in a mask.

    Attributes:
        place: the window that was looked at.
        bits: modules compared. matches: those that agree.
        windows: how many windows were searched, by which the p value is corrected.
        p_value: the chance that a mask which knows nothing of the code agrees as well, in any of the windows. It is of
            a text that was there before the network was looked at: deposited, or dated by its SHA-256 in a ticket.
        undated: the same in any of the windows with any text that a code of this size can hold, at most: what a text
            proves whose date nobody knows, as its owner may have searched for it.
        text: what a QR reader reads there, None for nothing.
    """

    place: Place
    bits: int
    matches: int
    windows: int
    p_value: float
    undated: float
    text: str | None

    @property
    def ber(self) -> float:
        """The bit error rate: the share of the modules that disagree; 0.5 is chance."""
        return 1 - self.matches / self.bits

    @property
    def holds(self) -> bool:
        """Whether the claim of a dated text holds: the p value is below `CLAIM`."""
        return self.p_value < CLAIM


def evidence(masks: Masks, code: Code, place: Place | None = None) -> Evidence:
    """Return how surely the code is in the masks.

    Only modules are compared that the text decides: a ticket that is signed with one text would else agree with every
    other of its length. The p value of a window is Fisher's exact test, one-sided: of these, is the mask alive more
    often where the code is dark? It conditions on how many are alive and how many are dark, so that it is right
    for dense and for sparse layers alike. It holds where either the kernels of the mask or the modules of the code are
    in an order that says nothing of the other; the second is true of QR codes, whatever rows of a mask are dead. With
    no place given the window with the smallest p value is taken and multiplied by their number (Bonferroni).

    Args:
        masks: those of the network that is suspected.
        code: the owner's.
        place: where the owner says it is, fixed before the network was looked at; None: anywhere.

    Raises:
        UserError: the code fits in no layer, or not at the place.
    """
    if place is not None:
        return _at(masks, code, place, 1)
    best: tuple[float, Place] | None = None
    for found in _counted(masks, code, ~code.shared):
        logs = _log_p(found.hits, found.alive, code)
        position = int(logs.argmin())
        if best is None or logs.flat[position] < best[0]:
            best = float(logs.flat[position]), found.place(position)
    assert best is not None
    return _at(masks, code, best[1], windows(masks, code))


def _at(masks: Masks, code: Code, place: Place, searched: int) -> Evidence:
    shape = kernel_map(masks[place.layer]).shape if place.layer in masks else torch.Size((0, 0))
    if not (0 <= place.row <= shape[0] - code.side and 0 <= place.column <= shape[1] - code.side):
        raise UserError(
            f"A code {code.side} modules wide does not fit at row {place.row}, column {place.column} of layer "
            f"'{place.layer}', which has {shape[0]} x {shape[1]} kernels; look for it anywhere."
        )
    there, free = window(masks, place, code.side), ~code.shared
    hits, alive = int((there & code.modules & free).sum()), int((there & free).sum())
    log_p = float(_log_p(np.array([hits]), np.array([alive]), code)[0]) + np.log(searched)
    dated, undated = (float(np.exp(min(0.0, each))) for each in (log_p, log_p + code.capacity * np.log(2)))
    return Evidence(place, code.bits, int((there == code.modules)[free].sum()), searched, dated, undated, read(there))


def _log_p(hits: np.ndarray, alive: np.ndarray, code: Code) -> np.ndarray:
    """The logarithm of the chance of at least so many of `alive` kernels on dark modules."""
    light = code.bits - code.dark
    living, row = np.unique(alive, return_inverse=True)
    each = np.arange(code.dark + 1)
    rest = living[:, None] - each
    possible = (rest >= 0) & (rest <= light)
    ways = _log_ways(code.dark, each) + _log_ways(light, np.clip(rest, 0, light))
    mass = np.where(possible, ways - _log_ways(code.bits, living)[:, None], -np.inf)
    tails = np.logaddexp.accumulate(mass[:, ::-1], axis=1)[:, ::-1]  # the hypergeometric distribution's
    found: np.ndarray = np.minimum(tails[row.reshape(hits.shape), hits], 0.0)
    return found


def _log_ways(of: int, chosen: np.ndarray) -> np.ndarray:
    """The logarithm of the binomial coefficient."""
    found: np.ndarray = gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1)
    return found
