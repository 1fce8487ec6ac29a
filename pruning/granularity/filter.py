"""`filter`: whole output channels of convolutions, whole neurons of linear layers (Li et al. 2017, arXiv 1608.08710).

The classifier's outputs are the classes and stay, as do the latents and pixels of a network that makes images; so do
transposed convolutions and the joint projection of attention, whose rows belong to heads. The best filter of each layer
always stays, since a layer without any passes no signal.

Masks cover weights only, but a filter whose bias or batch norm still emits a constant is not gone. So training keeps
these at zero too (`dead_channels`), and what is removed emits exactly zero.
"""

import torch
from torch import nn

from pruning.granularity.base import Granularity, Ids, Shapes
from pruning.granularity.units import transposed
from pruning.models.classifier import classifier_weight
from pruning.models.generative import Generative


def units(shapes: Shapes, model: nn.Module | None) -> Ids:
    """A unit is a row of the weight. Without a network every parameter of two or more dimensions has them."""
    left_out = _left_out(model)
    found, first = {}, 0
    for name, shape in shapes.items():
        if name in left_out or len(shape) < 2:
            found[name] = torch.full((), -1).expand(shape)
            continue
        rows = torch.arange(first, first + shape[0])
        found[name] = rows.view(-1, *[1] * (len(shape) - 1)).expand(shape)
        first += shape[0]
    return found


def _left_out(model: nn.Module | None) -> set[str]:
    if model is None:
        return set()
    joint = {
        f"{name}.{key}".lstrip(".")
        for name, module in model.named_modules()
        if isinstance(module, nn.MultiheadAttention)
        for key in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
    }
    ends = model.ends() if isinstance(model, Generative) else {classifier_weight(model)}
    return transposed(model).keys() | joint | ends


FILTER = Granularity("filter", units=units, keeps_one=True, ends_channels=True, revision=2)
