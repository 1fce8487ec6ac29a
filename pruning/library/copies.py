"""A copy of a network, of any network."""

import copy
from typing import Any

from torch import Tensor, nn

from pruning.models.folding import fold
from pruning.models.outputs import logits_among


def copied(network: nn.Module) -> nn.Module:
    """Return a copy without parametrisations, whose weights are as they are multiplied in evaluation mode.

    Of an output that holds more than logits, as those of Hugging Face do, the copy gives the logits.
    """
    computed = [value for module in network.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    known = {id(value): value.detach().clone() for value in computed}  # as of torch.nn.utils.prune, which is no leaf
    model = copy.deepcopy(network, known)
    fold(model)
    model.register_forward_hook(_logits)
    return model


def _logits(model: nn.Module, inputs: tuple[Any, ...], given: Any) -> Any:
    return logits_among(given)
