"""`channel` and `neuron`: whole channels with every layer that writes into them.

A filter of a residual network cannot be left out by itself: its output is added to that of others. Here a unit is a
channel of the network: the rows of all weights that are added into it, those of a depthwise convolution on it among
them (DepGraph, Fang et al. 2023, arXiv 2301.12900, calls the same a group). So what is removed can be left out of the
network (`pruning.shrink`), with the inputs that read it. `neuron` takes those that linear layers alone make: the hidden
neurons of a perceptron and of a transformer's blocks.

Channels that an operation reads as a whole stay: classes, what is normalised over channels (the residual stream of a
transformer), what attention splits into heads. Of the channels that begin in a layer the best always stays.
"""

from functools import partial

import torch
from torch import fx, nn

from pruning.errors import UserError
from pruning.granularity.base import Granularity, Ids, Shapes
from pruning.graph.channels import follow
from pruning.graph.facts import Facts
from pruning.graph.tracing import module_of


def units(name: str, linear: bool, shapes: Shapes, model: nn.Module | None) -> Ids:
    """Number the rows of the weights by the channel that they write into.

    Args:
        name: of the granularity, for the sentences.
        linear: whether only channels count that linear layers alone make.
        shapes: of the prunable parameters.
        model: the network.

    Raises:
        UserError: there is no network at hand, it cannot be traced, or all its channels have to stay.
    """
    if model is None:
        raise UserError(f"Granularity '{name}' follows channels through the network and needs the network itself.")
    graph, facts = follow(model)
    made = _makers(graph, facts)
    stays = facts.nothing()
    for ids in facts.pinned:
        stays[facts.roots(ids)] = True
    for parameter, (module, roots) in made.items():
        if parameter not in shapes or (linear and not isinstance(module, nn.Linear)):
            stays[roots] = True
    numbers: dict[int, int] = {}
    found = {parameter: torch.full((), -1).expand(shape) for parameter, shape in shapes.items()}
    for parameter in (each for each in shapes if each in made):
        roots = made[parameter][1]
        rows = [-1 if stays[root] else numbers.setdefault(int(root), len(numbers)) for root in roots]
        shape = shapes[parameter]
        found[parameter] = torch.tensor(rows).view(-1, *[1] * (len(shape) - 1)).expand(shape)
    if not numbers:
        raise UserError(
            f"Granularity '{name}' removes {'hidden neurons' if linear else 'channels'}, and the network "
            f"{type(model).__name__} has none that could go; take 'weight' or 'filter'."
        )
    return found


def _makers(graph: fx.GraphModule, facts: Facts) -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """The weights whose rows make channels, each with its module and the class of each row."""
    found: dict[str, tuple[nn.Module, torch.Tensor]] = {}
    for node, channels in facts.channels.items():
        module = module_of(graph, node)
        if (
            module is not None
            and isinstance(weight := getattr(module, "weight", None), torch.Tensor)
            and weight.ndim > 1
        ):
            found[f"{node.target}.weight"] = module, facts.roots(channels.ids)
    return found


CHANNEL, NEURON = (
    Granularity(
        name, units=partial(units, name, linear), keeps_one=True, network_wide=True, ends_channels=True, revision=number
    )
    for name, linear, number in (("channel", False, 2), ("neuron", True, 1))
)
