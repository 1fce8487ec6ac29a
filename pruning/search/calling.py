"""A network called with other weights than its own, shared ones among them."""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.func import functional_call


def call_with(network: nn.Module, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Return the network's output for x, with weights in place of its own of these names.

    A parameter that several layers share is replaced in all of them, each once: torch's own look-up of shared ones
    replaces a layer that is registered under two names twice, and then cannot put its weight back.
    """
    wanted = {id(network.get_parameter(name)): value for name, value in weights.items()}
    places = {
        f"{stem}.{key}".lstrip("."): wanted[id(parameter)]
        for stem, module in network.named_modules()
        for key, parameter in module.named_parameters(recurse=False, remove_duplicate=False)
        if id(parameter) in wanted
    }
    output: Tensor = functional_call(network, places, (x,), tie_weights=False)
    return output
