"""The reduced network with smaller layers."""

from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning.graph.facts import Channels, Facts
from pruning.graph.tracing import module_of


def rebuild(graph: fx.GraphModule, facts: Facts, gone: Tensor) -> fx.GraphModule:
    """Leave out the channels of the classes in `gone` (bool, by representative), in place, and what is not called."""
    sources = dict(facts.sinks)
    for node, channels in facts.channels.items():
        keep = _kept(facts, channels, gone)
        layer = module_of(graph, node)
        if isinstance(layer, _BatchNorm):
            _cut_norm(layer, keep)
        elif layer is not None and hasattr(layer, "weight"):
            read = sources.get(node)
            _cut(layer, keep, None if read is None else _kept(facts, read, gone))
        elif node.op == "get_attr":
            held: Any = getattr(graph, str(node.target))
            setattr(graph, str(node.target), held.index_select(channels.axis, keep.nonzero().flatten()))
        elif "pads" in node.meta:
            _cut_pad(node, keep)
        elif "flattens" in node.meta and not bool(keep.all()):
            _flatten_anyhow(graph, node)
    graph.graph.lint()
    graph.delete_all_unused_submodules()
    graph.recompile()
    return graph


def _kept(facts: Facts, channels: Channels, gone: Tensor) -> Tensor:
    return ~gone[facts.roots(channels.ids)]


@torch.no_grad()
def _cut(layer: Any, outputs: Tensor, inputs: Tensor | None) -> None:
    """Fewer rows, and for what is no depthwise convolution fewer columns."""
    weight = layer.weight[outputs]
    layer.weight = nn.Parameter((weight if inputs is None else weight[:, inputs]).clone())
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias[outputs].clone())
    rows = int(outputs.sum())
    if isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = layer.weight.shape
        return
    depthwise = layer.groups > 1
    layer.out_channels = rows
    layer.in_channels = rows if depthwise else layer.weight.shape[1]
    layer.groups = rows if depthwise else 1


@torch.no_grad()
def _cut_norm(norm: Any, keep: Tensor) -> None:
    norm.num_features = int(keep.sum())
    for key in ("weight", "bias"):
        if getattr(norm, key) is not None:
            setattr(norm, key, nn.Parameter(getattr(norm, key)[keep].clone()))
    norm.running_mean, norm.running_var = norm.running_mean[keep].clone(), norm.running_var[keep].clone()


def _cut_pad(node: fx.Node, keep: Tensor) -> None:
    """New channels before and after: as many as are kept of them."""
    left, right = node.meta["pads"]
    amounts = list(node.args[1])  # type: ignore[arg-type]
    if len(amounts) < 2 * (len(node.meta["shape"]) - 1):
        return  # no channels are added
    place = 2 * (len(node.meta["shape"]) - 2)
    amounts[place] = int(keep[:left].sum())
    amounts[place + 1] = int(keep[len(keep) - right :].sum()) if right else 0
    node.args = (node.args[0], tuple(amounts))


def _flatten_anyhow(graph: fx.GraphModule, node: fx.Node) -> None:
    """A reshape to a written-down size becomes one that takes the size there is."""
    with graph.graph.inserting_before(node):
        flat = graph.graph.call_function(torch.flatten, (node.args[0], 1))
    node.replace_all_uses_with(flat)
    graph.graph.erase_node(node)
