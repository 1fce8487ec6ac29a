"""`head`: whole heads of attention (Michel et al. 2019, arXiv 1905.10650; Voita et al. 2019, arXiv 1905.09418).

A unit is what a head has of its own: its rows of the projections to queries, keys and values, and the columns of the
output projection that read it. Without these columns the head adds nothing, whatever the biases of its projections say.
Known are `nn.MultiheadAttention`, and modules with `num_heads` and two linear layers `qkv` and `proj`, as timm's and
torchvision's Swin have. The best head of each always stays.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.granularity.base import Granularity, Ids, Shapes

PROJECTIONS = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


class Heads(NamedTuple):
    """The heads of one module of attention.

    Attributes:
        number: how many.
        rows: the parameters whose rows are split among them, queries, keys and values one after another or in several.
        columns: the parameter whose columns are.
    """

    number: int
    rows: tuple[str, ...]
    columns: str


def attention_heads(model: nn.Module) -> Iterator[Heads]:
    """Give the heads of each module of attention that is known, with parameters named as in the state dict."""
    for name, module in model.named_modules():
        start = f"{name}." if name else ""
        if isinstance(module, nn.MultiheadAttention):
            keys = ("in_proj_weight",) if module._qkv_same_embed_dim else PROJECTIONS
            yield Heads(module.num_heads, tuple(start + key for key in keys), f"{start}out_proj.weight")
        elif _is_joint(module):
            yield Heads(int(module.num_heads), (f"{start}qkv.weight",), f"{start}proj.weight")


def _is_joint(module: nn.Module) -> bool:
    """Whether one linear layer gives queries, keys and values, which `proj` reads head by head."""
    heads, qkv, proj = (getattr(module, key, None) for key in ("num_heads", "qkv", "proj"))
    if not isinstance(heads, int) or not isinstance(qkv, nn.Linear) or not isinstance(proj, nn.Linear):
        return False
    return qkv.out_features == 3 * proj.in_features and proj.in_features % heads == 0


def units(shapes: Shapes, model: nn.Module | None) -> Ids:
    """A unit is a head.

    Raises:
        UserError: there is no network at hand, or it has no attention that is known.
    """
    if model is None:
        raise UserError("Granularity 'head' looks for attention and needs the network itself.")
    found: Ids = {name: torch.full((), -1).expand(shape) for name, shape in shapes.items()}
    first = 0
    for heads in attention_heads(model):
        if not {*heads.rows, heads.columns} <= set(shapes):
            continue  # outside the scope, or pruned with another module that shares its weights
        for name in heads.rows:
            found[name] = (first + _heads_of(shapes[name][0], heads, name)).view(-1, 1).expand(shapes[name])
        columns = torch.arange(heads.number).repeat_interleave(shapes[heads.columns][1] // heads.number)
        found[heads.columns] = (first + columns).expand(shapes[heads.columns])
        first += heads.number
    if not first:
        raise UserError(
            f"Granularity 'head' removes heads of attention, and the network {type(model).__name__} has none that is "
            "known (nn.MultiheadAttention, or a module with `num_heads`, `qkv` and `proj`); take 'channel' or 'filter'."
        )
    return found


def _heads_of(rows: int, heads: Heads, name: str) -> Tensor:
    """The head of each row; a joint projection has queries, keys and values one after another."""
    parts = 1 if name.endswith(PROJECTIONS) else 3
    return torch.arange(heads.number).repeat_interleave(rows // parts // heads.number).repeat(parts)


HEAD = Granularity("head", units=units, keeps_one=True, network_wide=True)
