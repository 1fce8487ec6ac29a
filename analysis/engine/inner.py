"""A network's inner layers: what each hands on, caught while the network runs, and never kept.

What a layer hands on is what the next one takes in: after normalisation, activation, pooling and shortcuts, whether
these are modules or not. So it is the inputs of layers with prunable weights that are caught. The network is run once
to see which of them take in the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn

from analysis.engine.networks import weighted_layers
from pruning.models.inspection import watch

IMAGE = "input"
"""What takes the place of a layer's name in a network of one layer, which takes in the images."""

Take = Callable[[str, Tensor], None]
"""Is given the name of a layer and what it hands on, [n, ...], in the order of the layers."""


def inner_layers(module: nn.Module, shape: tuple[int, int, int]) -> dict[str, str]:
    """The layers with prunable weights but the last, in the order in which they run.

    Args:
        module: the network; it is left as it was.
        shape: of an image, (C, H, W).

    Returns:
        module that takes in what a layer hands on -> name of that layer. Of several modules that take in the same, as a
        block and its shortcut do, the first.
    """
    weighted = frozenset(weighted_layers(module))
    taken: list[tuple[str, Tensor]] = []

    def see(name: str, _: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
        if name in weighted and inputs and not any(inputs[0] is tensor for _, tensor in taken):
            taken.append((name, inputs[0]))

    watch(module, shape, see)
    names = list(dict.fromkeys(name for name, _ in taken))
    return dict(zip(names[1:], names, strict=False)) if len(names) > 1 else dict.fromkeys(names, IMAGE)


@contextmanager
def handing_on(module: nn.Module, layers: Mapping[str, str], take: Take) -> Iterator[None]:
    """Hand over what layers hand on, each as soon as it is there.

    Args:
        module: the network, which is run inside.
        layers: as `inner_layers` gives them.
        take: what is handed over; a module that runs several times a batch is caught each time.
    """

    def catch(name: str) -> Callable[[nn.Module, tuple[object, ...]], None]:
        def hook(_: nn.Module, inputs: tuple[object, ...]) -> None:
            if inputs and isinstance(inputs[0], Tensor):
                take(name, inputs[0].detach())

        return hook

    handles = [module.get_submodule(each).register_forward_pre_hook(catch(name)) for each, name in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
