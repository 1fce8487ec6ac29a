"""What a granularity is: how the weights of a network fall into pieces that are removed as one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pruning.errors import unknown
from pruning.registry import Registry
from pruning.validation import Options

Shapes = Mapping[str, torch.Size]
Ids = dict[str, Tensor]
FindUnits = Callable[[Shapes, nn.Module | None], Ids]


@dataclass(frozen=True)
class Granularity:
    """What is removed as one piece.

    Attributes:
        name: as recipes spell it.
        pattern: (N, M) when N of every M neighbours are kept, else None.
        units: from the shapes of the prunable parameters and the network (None where there is none at hand) the number
            of the unit that each weight belongs to: int64 tensors of the parameters' shapes, counted from 0 over the
            whole network; -1 for a weight that this structure never removes. None: each weight is its own unit.
        keeps_one: whether the best unit of each parameter always stays.
        fills: whether, when the next unit in the ranking is too large for what is still to be removed, smaller ones
            after it are taken; else the removal ends there.
        network_wide: whether units lie across parameters, so that a sparsity cannot be shared out over these.
        removes_blocks: whether what goes leaves a shortcut behind, past which the signal still passes.
        ends_channels: whether what goes takes all that its channels say with it: biases and batch norms too.
        spelling: how a whole family of them is spelt, such as `N:M`; parse: the one that a name of that spelling
            means, None for a name that is spelt otherwise.
        options: what it lets one choose.
        configure: makes it from these; None where there is nothing to choose.
        revision: raised when what goes changes, so that tickets found by earlier ones are known to be stale.
    """

    name: str
    pattern: tuple[int, int] | None = None
    units: FindUnits | None = None
    keeps_one: bool = False
    fills: bool = False
    network_wide: bool = False
    removes_blocks: bool = False
    ends_channels: bool = False
    spelling: str = ""
    parse: "Callable[[str], Granularity | None] | None" = None
    options: type[Options] = Options
    configure: "Callable[[Options], Granularity] | None" = None
    revision: int = 1

    def configured(self, options: Options) -> "Granularity":
        """Return the granularity under these options."""
        return self if self.configure is None else self.configure(options)

    @property
    def fixed_sparsity(self) -> float | None:
        """The sparsity that the structure itself decides, None where the user does."""
        return None if self.pattern is None else 1 - self.pattern[0] / self.pattern[1]

    @property
    def allocates(self) -> bool:
        """Whether a sparsity can be shared out over the layers in several ways."""
        return self.pattern is None and not self.network_wide


GRANULARITIES: Registry[Granularity] = Registry("structure", Granularity, "pruning.granularity")


def get_granularity(name: str | Granularity) -> Granularity:
    """Return the granularity of that name: one of `GRANULARITIES`, any `N:M`, any `block:RxC`; or the one given.

    Raises:
        UserError: there is none; the sentence names the nearest.
    """
    if isinstance(name, Granularity):
        return name
    if not isinstance(name, str):
        raise unknown("structure", name, granularity_names())
    if name in GRANULARITIES:
        return GRANULARITIES[name]
    parsers = (each.parse for each in GRANULARITIES.values() if each.parse is not None)
    found = next((one for parse in parsers if (one := parse(name)) is not None), None)
    if found is None:
        raise unknown("structure", name, granularity_names())
    return found


def granularity_names() -> list[str]:
    """Return the names that there are, those that stand for many, such as `N:M`, last."""
    return [*GRANULARITIES, *dict.fromkeys(each.spelling for each in GRANULARITIES.values() if each.spelling)]
