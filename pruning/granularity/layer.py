"""`layer`: whole residual blocks. All their weights go, and the block is its shortcut (Huang et al. 2016, 1603.09382).

A block is found in the graph of the network: an addition of a tensor and of a branch that is computed from that same
tensor alone. So the shortcut is the identity; a block that changes resolution or channels on its shortcut cannot be
removed without changing the function of the others, and stays. In networks of branches within branches the innermost
are the blocks. Blocks have very different sizes, so after one that is too large for what is left the next that fits
is taken. Every block may go: the signal passes through the shortcuts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import takewhile

import torch
from torch import Tensor, fx, nn

from pruning.errors import UserError
from pruning.granularity.base import Granularity, Ids, Shapes
from pruning.graph.tracing import is_addition, module_of, trace
from pruning.models.inspection import prunable


@dataclass(frozen=True)
class Block:
    """A residual block with an identity shortcut.

    Attributes:
        names: of the weights in its branch.
        addition: the node that adds the branch to the shortcut.
        branch: the nodes that compute the one operand from the other, in order.
    """

    names: list[str]
    addition: fx.Node
    branch: list[fx.Node]

    @property
    def label(self) -> str:
        """What the names of all its weights begin with, as far as whole words go: ``layer1.2``."""
        parts = zip(*(name.split(".")[:-1] for name in self.names), strict=False)
        shared = [each[0] for each in takewhile(lambda each: len(set(each)) == 1, parts)]
        return ".".join(shared) or self.addition.name

    def remove(self) -> None:
        """Take the branch out of its graph; what read the sum reads a copy of the shortcut.

        A copy, since what follows may work in place, and the shortcut may be read elsewhere too.
        """
        graph, addition = self.addition.graph, self.addition
        shortcut = next(each for each in addition.args[:2] if each not in self.branch)
        with graph.inserting_before(addition):
            copied = graph.call_function(torch.clone, (shortcut,))
        addition.replace_all_uses_with(copied)
        for node in (addition, *reversed(self.branch)):
            graph.erase_node(node)


def units(shapes: Shapes, model: nn.Module | None) -> Ids:
    """A unit is the weights of a residual block.

    Raises:
        UserError: there is no network at hand, it cannot be traced, or it has no such block.
    """
    if model is None:
        raise UserError("Granularity 'layer' looks for residual blocks and needs the network itself.")
    found = {name: torch.full((), -1).expand(shape) for name, shape in shapes.items()}
    for number, block in enumerate(removable(trace(model), shapes)):
        found.update({name: torch.full((), number).expand(shapes[name]) for name in block.names})
    return found


def removable(graph: fx.GraphModule, names: Collection[str]) -> list[Block]:
    """The blocks that can go, in the order of the forward pass: of blocks within blocks the innermost.

    Args:
        graph: a network that was traced.
        names: of the weights that may go; a block with others stays.

    Raises:
        UserError: there is none.
    """
    found: list[Block] = []
    taken: set[str] = set()
    for block in residual_blocks(graph):
        if set(block.names) <= set(names) and not taken & set(block.names):
            found.append(block)
            taken |= set(block.names)
    if not found:
        raise UserError(
            "Granularity 'layer' removes residual blocks with an identity shortcut, and the network "
            f"{type(graph).__name__} has none; take 'filter' or a residual network."
        )
    return found


def gone(blocks: Collection[Block], masks: Mapping[str, Tensor]) -> list[Block]:
    """Those of the blocks of which nothing is kept; masks are bool, True = kept."""
    return [block for block in blocks if all(name in masks and not bool(masks[name].any()) for name in block.names)]


def blocks_gone(model: nn.Module, masks: Mapping[str, Tensor]) -> tuple[list[str], int]:
    """The residual blocks that masks remove, by what their weights' names begin with, and how many blocks there are.

    Raises:
        UserError: the network cannot be traced, or has no such block.
    """
    blocks = removable(trace(model), prunable(model))
    return [block.label for block in gone(blocks, masks)], len(blocks)


def residual_blocks(graph: fx.GraphModule) -> list[Block]:
    """Every residual block with weights and an identity shortcut, in the order of the forward pass."""
    calls: dict[str, int] = {}
    for node in graph.graph.nodes:
        if node.op == "call_module":
            calls[str(node.target)] = calls.get(str(node.target), 0) + 1
    blocks = []
    for node in graph.graph.nodes:
        branch = branch_of(node) if is_addition(node) and not node.kwargs else None  # a factor is no identity
        modules = [each for each in branch or () if _weights(graph, each)]  # an activation may well be used twice
        names = [name for each in modules for name in _weights(graph, each)]
        if names and branch and all(calls[str(each.target)] == 1 for each in modules):
            blocks.append(Block(names, node, branch))
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


LAYER = Granularity("layer", units=units, fills=True, network_wide=True, removes_blocks=True, ends_channels=True)
