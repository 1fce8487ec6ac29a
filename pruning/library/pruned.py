"""What `prune` returns: masks, and how to put them on a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from pruning import masks as mask_tools
from pruning.checkpoints.mask_names import names_among
from pruning.errors import UserError, few
from pruning.library.copies import check_network
from pruning.library.mask_forms import masks_of, renamed
from pruning.library.mask_layers import check_takes_masks, put_on
from pruning.masks import Masks
from pruning.models.folding import computed_weights
from pruning.models.modes import evaluating

if TYPE_CHECKING:
    import pandas as pd

ORIGINAL = "_orig"  # what torch.nn.utils.prune computes a weight from
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, repr=False)
class Pruned:
    """The masks that a criterion yields on a network.

    Attributes:
        masks: bool tensors by parameter name, True = kept, on the network's device.
        how: in words, such as "SNIP, 90 % removed, global".
    """

    masks: Masks
    how: str

    @property
    def sparsity(self) -> float:
        """Fraction of the prunable weights that is removed."""
        return mask_tools.sparsity(self.masks)

    def apply(self, network: Network) -> Network:
        """Set the pruned weights of a network to zero, in place, and return it; as `apply_masks`."""
        apply_masks(network, self.masks)
        return network

    def summary(self) -> "pd.DataFrame":
        """Return a row a layer and one for all: layer, shape, kept, total, sparsity."""
        import pandas as pd  # half a second that pruning itself does not need

        rows = [
            {"layer": name, "shape": "x".join(map(str, mask.shape)), "kept": int(mask.sum()), "total": mask.numel()}
            for name, mask in self.masks.items()
        ]
        kept, total = mask_tools.counts(self.masks)
        frame = pd.DataFrame([*rows, {"layer": "all", "shape": "", "kept": kept, "total": total}])
        return frame.assign(sparsity=1 - frame["kept"] / frame["total"])

    def __repr__(self) -> str:
        kept, total = mask_tools.counts(self.masks)
        return f"<Pruned: {self.how}; {kept:,} of {total:,} weights kept in {len(self.masks)} layers>"

    def _repr_html_(self) -> str:
        table: str = self.summary().to_html(index=False, float_format="{:.1%}".format, border=0)
        return f"<p>{self.how}</p>{table}"


def apply_masks(network: nn.Module, masks: Any) -> None:
    """Set the pruned weights of a network to zero, in place.

    A weight that `torch.nn.utils.parametrize` computes, as by weight normalisation, gets its mask as one more
    parametrisation, the last, which stays in force and is in the state dict.

    Args:
        network: any; its parameters' names are those of the masks, or those are called as they are in files
            (``NAME_mask``, ``module.NAME``).
        masks: in any form that `masks_of` takes.

    Raises:
        UserError: a mask is of no weight of the network, of another shape, or of a weight that a hook computes, as
            `torch.nn.utils.weight_norm` does.
    """
    check_network(network)
    mask_tools.apply_masks(network, masks_in_force(network, masks))


def masks_in_force(network: nn.Module, masks: Any) -> Masks:
    """Put masks on the weights that a network computes from others, in place, and return those of its parameters.

    Raises:
        UserError: as `apply_masks`; nothing is changed then.
    """
    found, computed = masks_for(network, masks), computed_weights(network)
    on_computed = {name: mask for name, mask in found.items() if name in computed}
    for name in on_computed:
        check_takes_masks(computed[name], name)
    for name, mask in on_computed.items():
        put_on(computed[name], name, mask)
    return {name: mask for name, mask in found.items() if name not in computed}


def masks_for(network: nn.Module, masks: Any) -> Masks:
    """Return masks by the names of a network's parameters and of the weights that it computes from others.

    That is the parameter from which `torch.nn.utils.prune` computes one. Masks may be called as they are in files:
    ``NAME_mask``, with ``module.`` and its like, or by their layer.

    Raises:
        UserError: as `apply_masks`.
    """
    parameters, given = dict(network.named_parameters()), masks_of(masks)
    shapes = {name: value.shape for name, value in parameters.items()}
    shapes |= {name: _shape(module, name) for name, module in computed_weights(network).items()}
    weights = {name: name for name in shapes}
    weights |= {name.removesuffix(ORIGINAL): name for name in parameters if name.endswith(ORIGINAL)}
    if not given.keys() <= weights.keys():
        given = renamed(given, names_among(given, weights))
    found = {weights.get(name, name): mask for name, mask in given.items()}
    _check_fit(shapes, found)
    return found


def _shape(module: nn.Module, name: str) -> torch.Size:
    """That of a weight which its module computes; what is counted in training, as power iterations are, stays."""
    with evaluating(module), torch.no_grad():
        weight: Tensor = getattr(module, name.rpartition(".")[2])
    return weight.shape


def _check_fit(shapes: Mapping[str, torch.Size], masks: Masks) -> None:
    strange = [name for name in masks if name not in shapes]
    if strange:
        raise UserError(
            f"There are masks of {few(strange)}, which are no parameters of the network; it has {few(list(shapes))}."
        )
    for name, mask in masks.items():
        if mask.shape != shapes[name]:
            shape, own = list(mask.shape), list(shapes[name])
            raise UserError(f"The mask '{name}' is {shape}, and the parameter {own}; they must have one shape.")
