"""The graph of a network's operations, for what needs to know how layers are connected."""

import copy
from collections import Counter
from typing import Any

import torch
from torch import fx, nn

from pruning.errors import UserError


class NotTraceable(UserError):
    """The network's forward pass cannot be written down as one graph."""


class _Tracer(fx.Tracer):
    """Traces through everything but torch's own modules."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return m.__module__.startswith("torch.nn") and not isinstance(m, (nn.Sequential, nn.ModuleList))


def trace(model: nn.Module, training: bool = False) -> fx.GraphModule:
    """A copy of the network as a graph, in evaluation or training mode, on the CPU.

    Raises:
        NotTraceable: the forward pass depends on the values of its input, or does what torch.fx cannot follow.
    """
    twin = copy.deepcopy(model).cpu().train(training)
    try:
        graph = _Tracer().trace(twin)
        return fx.GraphModule(twin, graph, type(model).__name__).train(training)
    except Exception as error:  # torch.fx runs the network's own code, which may raise anything
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise NotTraceable(f"The network {type(model).__name__} cannot be traced: {reason[0].rstrip('.')}.") from error


def module_of(graph: fx.GraphModule, node: Any) -> nn.Module | None:
    """The module that a node calls, None for a node of another kind."""
    if not isinstance(node, fx.Node) or node.op != "call_module":
        return None
    return graph.get_submodule(str(node.target))


def is_addition(node: fx.Node) -> bool:
    """Whether the node adds two tensors."""
    if node.op == "call_function":
        function = getattr(node.target, "__name__", "")
        named = function in ("add", "iadd", "add_") and node.target is not torch.cat
    else:
        named = node.op == "call_method" and node.target in ("add", "add_", "__add__", "__iadd__")
    return named and len(node.args) >= 2 and all(isinstance(argument, fx.Node) for argument in node.args[:2])


def shared_modules(graph: fx.GraphModule) -> set[str]:
    """Modules whose parameters are used at more than one place, so that they cannot change for one of them."""
    nodes: list[fx.Node] = list(graph.graph.nodes)
    calls = Counter(str(node.target) for node in nodes if node.op == "call_module")
    found = {target for target, count in calls.items() if count > 1 and any(graph.get_submodule(target).parameters())}
    found |= {str(node.target).rpartition(".")[0] for node in nodes if node.op == "get_attr"}
    places: dict[int, list[str]] = {}
    for name, value in graph.named_parameters(remove_duplicate=False):
        places.setdefault(id(value), []).append(name.rpartition(".")[0])
    return found | {name for names in places.values() if len(names) > 1 for name in names}
