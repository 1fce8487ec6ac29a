"""A copy of a network, of any network."""

import copy

from torch import Tensor, nn

from pruning.library.logits import take_logits
from pruning.models.folding import fold


def copied(network: nn.Module) -> nn.Module:
    """Return a copy without parametrisations, whose weights are as they are multiplied in evaluation mode.

    Of an output that holds more than logits, as those of Hugging Face do, the copy gives the logits.
    """
    computed = [value for module in network.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    known = {id(value): value.detach().clone() for value in computed}  # as of torch.nn.utils.prune, which is no leaf
    model = copy.deepcopy(network, known)
    fold(model)
    model.register_forward_hook(take_logits)
    return model
