"""`layer`: whole residual blocks. All their weights go, and the block is its shortcut (Huang et al. 2016, 1603.09382).

A block is found in the graph of the network: an addition of a tensor and of a branch that is computed from that same
tensor alone. So the shortcut is the identity; a block that changes resolution or channels on its shortcut cannot be
removed without changing the function of the others, and stays. In networks of branches within branches the innermost
are the blocks. Blocks have very different sizes, so after one that is too large for what is left the next that fits
is taken. Every block may go: the signal passes through the shortcuts.
"""

import torch
from torch import fx, nn

from pruning.errors import UserError
from pruning.structures.base import Ids, Shapes, Structure
from pruning.structures.tracing import is_addition, module_of, trace


def units(shapes: Shapes, model: nn.Module | None) -> Ids:
    """A unit is the weights of a residual block.

    Raises:
        UserError: there is no network at hand, it cannot be traced, or it has no such block.
    """
    if model is None:
        raise UserError("Structure 'layer' looks for residual blocks and needs the network itself.")
    found = {name: torch.full((), -1).expand(shape) for name, shape in shapes.items()}
    number = 0
    for names in residual_blocks(model):
        if set(names) <= set(shapes) and all(int(found[name].max()) < 0 for name in names):
            found.update({name: torch.full((), number).expand(shapes[name]) for name in names})
            number += 1
    if not number:
        raise UserError(
            "Structure 'layer' removes residual blocks with an identity shortcut, and the network "
            f"{type(model).__name__} has none; take 'filter' or a residual network."
        )
    return found


def residual_blocks(model: nn.Module) -> list[list[str]]:
    """The names of the weights of each residual block with an identity shortcut, in the order of the forward pass.

    Raises:
        UserError: the network cannot be traced.
    """
    graph = trace(model)
    calls: dict[str, int] = {}
    for node in graph.graph.nodes:
        if node.op == "call_module":
            calls[str(node.target)] = calls.get(str(node.target), 0) + 1
    blocks = []
    for node in graph.graph.nodes:
        branch = branch_of(node) if is_addition(node) else None
        modules = [each for each in branch or () if _weights(graph, each)]  # an activation may well be used twice
        names = [name for each in modules for name in _weights(graph, each)]
        if names and all(calls[str(each.target)] == 1 for each in modules):
            blocks.append(names)
    return blocks


def branch_of(addition: fx.Node) -> list[fx.Node] | None:
    """The nodes that compute one operand from the other, in order, None when neither is computed from the other."""
    first, second = addition.args[:2]
    assert isinstance(first, fx.Node)
    assert isinstance(second, fx.Node)
    for end, shortcut in ((first, second), (second, first)):
        between: set[fx.Node] = set()
        waiting = [end]
        while waiting:
            node = waiting.pop()
            if node is shortcut or node in between:
                continue
            between.add(node)
            waiting += node.all_input_nodes
            if node.op == "placeholder":
                break
        else:
            inside = all(user in between or user is addition for node in between for user in node.users)
            if between and inside:
                return [node for node in addition.graph.nodes if node in between]
    return None


def _weights(graph: fx.GraphModule, node: fx.Node) -> list[str]:
    module = module_of(graph, node)
    keys = ("weight", "in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
    found = [] if module is None else [key for key, value in module.named_parameters() if value.ndim > 1]
    return [f"{node.target}.{key}" for key in found if key.rsplit(".", 1)[-1] in keys]


LAYER = Structure("layer", units=units, fills=True, network_wide=True)
