"""Which layers are coupled: their output channels are added to one another, so that they can only go together."""

from torch import nn

from pruning.graph.channels import follow
from pruning.graph.tracing import NotTraceable
from pruning.models.inspection import prunable


def coupled(model: nn.Module, shape: tuple[int, int, int]) -> list[tuple[str, ...]]:
    """The prunable weights in groups, in the order of the network; a layer that is coupled with none is one by itself.

    Two layers are coupled where a channel that one makes is added to, or multiplied with, one that the other makes, as
    all layers that write into the same residual stream are, or is made from it channel by channel (depthwise).

    Args:
        model: any network; it is left as it was. In one that torch.fx cannot trace, each layer is by itself.
        shape: of one image, (C, H, W).

    Returns:
        groups of parameter names, such as ``conv1.weight``.
    """
    names = list(prunable(model))
    channels = _channels(model, shape, names)
    groups: list[tuple[set[int], list[str]]] = []
    for name in names:
        own, members = set(channels.get(name, ())), [name]
        for known, others in [group for group in groups if group[0] & own]:
            own, members = own | known, others + members
            groups.remove((known, others))
        groups.append((own, members))
    order = {name: place for place, name in enumerate(names)}
    return sorted((tuple(members) for _, members in groups), key=lambda members: order[members[0]])


def _channels(model: nn.Module, shape: tuple[int, int, int], names: list[str]) -> dict[str, list[int]]:
    """Which classes of channels each weight makes, where that can be told."""
    try:
        _, facts = follow(model, shape)
    except NotTraceable:
        return {}
    found = {f"{node.target}.weight": facts.roots(each.ids).tolist() for node, each in facts.channels.items()}
    return {name: found[name] for name in names if name in found}
