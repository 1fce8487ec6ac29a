"""Find every channel that a network can do without, and make its weights say so.

Three steps are repeated until nothing changes: constants that a layer reads go into its bias (where no zero padding
makes them differ at the borders); a branch that is constant leaves the sum it is added to; and of channels that no
layer reads any more the rows that make them become zero, which may leave further channels unread. All of them leave the
function as it is.
"""

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn

from pruning.graph.facts import Channels, Facts, shape_of
from pruning.graph.rules import foldable, walk
from pruning.graph.tracing import is_addition, module_of, shared_modules

CONSTANT = "constant_of_"


def reduce(graph: fx.GraphModule) -> tuple[Facts, Tensor, bool]:
    """Reduce the graph's weights in place; its nodes must know their shapes.

    Returns:
        the facts about the reduced graph, which classes of channels can go (bool, by representative), and whether a
        branch was taken out.
    """
    shared = shared_modules(graph)
    bypassed = False
    while True:
        facts = walk(graph, shared)
        folded = [_fold(graph, node, source) for node, source in facts.sinks]
        if _bypass(graph, facts):
            bypassed = True
            continue
        unread = _unread(graph, facts)
        silenced = [_silence(graph, node, facts, unread) for node, _ in facts.channels.items()]
        if not any(folded) and not any(silenced):
            return facts, _spared(facts, unread), bypassed


@torch.no_grad()
def _fold(graph: fx.GraphModule, node: fx.Node, source: Channels) -> bool:
    """Take the constant channels that the layer reads into its bias; gives whether there were any."""
    layer: Any = module_of(graph, node)
    weight: Tensor = layer.weight
    read = weight.transpose(0, 1).flatten(1).ne(0).any(dim=1)
    known = read & ~source.values.isnan() & (torch.tensor(foldable(layer)) | (source.values == 0))
    if not bool(known.any()):
        return False
    values = torch.where(known, source.values, 0.0)
    added = torch.einsum("oi,i->o", weight.reshape(*weight.shape[:2], -1).sum(dim=2), values)
    if bool(added.any()):
        layer.bias = nn.Parameter(added if layer.bias is None else layer.bias + added)
    weight[:, known] = 0
    return True


def _bypass(graph: fx.GraphModule, facts: Facts) -> bool:
    """Take a constant branch out of one addition; gives whether there was one."""
    for node in graph.graph.nodes:
        if not is_addition(node):
            continue
        for branch, other in (node.args[:2], node.args[1::-1]):
            constant = branch in facts.channels and not bool(facts.channels[branch].values.isnan().any())
            if constant and branch.op != "get_attr" and shape_of(other) == shape_of(node):
                _replace(graph, node, other, facts.channels[branch])
                return True
    return False


def _replace(graph: fx.GraphModule, node: fx.Node, other: fx.Node, constant: Channels) -> None:
    """The addition becomes its other operand, plus a constant when that is not zero."""
    result = other
    shape = shape_of(node)
    assert shape is not None
    if bool(constant.values.any()):
        name = CONSTANT + node.name
        shaped = constant.values.view([-1 if axis == constant.axis else 1 for axis in range(len(shape))])
        graph.register_buffer(name, shaped.clone())
        with graph.graph.inserting_before(node):
            held = graph.graph.get_attr(name)
            result = graph.graph.call_function(torch.add, (other, held))
        held.meta = {"shape": shaped.shape, "axis": constant.axis}
        result.meta = copy.copy(node.meta)
    node.replace_all_uses_with(result)
    graph.graph.erase_node(node)
    graph.graph.eliminate_dead_code()


def _unread(graph: fx.GraphModule, facts: Facts) -> Tensor:
    """Which classes are not pinned and not read by any layer with a weight that is not zero, by representative."""
    unread = facts.nothing()
    for each in facts.channels.values():
        unread[facts.roots(each.ids)] = True
    for node, source in facts.sinks:
        layer: Any = module_of(graph, node)
        columns = layer.weight.detach().transpose(0, 1).flatten(1).ne(0).any(dim=1)
        unread[facts.roots(source.ids[columns])] = False
    for ids in facts.pinned:
        unread[facts.roots(ids)] = False
    return unread


@torch.no_grad()
def _silence(graph: fx.GraphModule, node: fx.Node, facts: Facts, unread: Tensor) -> bool:
    """Zero the rows that make channels nobody reads; gives whether any weight changed."""
    layer: Any = module_of(graph, node)
    if not isinstance(getattr(layer, "weight", None), Tensor):
        return False
    rows = unread[facts.roots(facts.channels[node].ids)]
    tensors = [tensor for tensor in (layer.weight, layer.bias) if tensor is not None]
    changed = any(bool(tensor[rows].any()) for tensor in tensors)
    for tensor in tensors:
        tensor[rows] = 0
    return changed


def _spared(facts: Facts, unread: Tensor) -> Tensor:
    """`unread` without one channel of each tensor that would have none left: there are no layers without channels."""
    gone = unread.clone()
    for each in facts.channels.values():
        roots = facts.roots(each.ids)
        if len(roots) and bool(gone[roots].all()):
            gone[roots[0]] = False
    return gone
