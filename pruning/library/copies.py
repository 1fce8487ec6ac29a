"""A copy of a network, of any network."""

import copy

from torch import Tensor, nn

from pruning.errors import UserError
from pruning.library.logits import take_logits
from pruning.models.folding import fold


def check_network(network: object) -> None:
    """Raise UserError where something is no `nn.Module`."""
    if not isinstance(network, nn.Module):
        what = f"the text {network!r}" if isinstance(network, str) else f"a {type(network).__name__}"
        raise UserError(f"Give a network, an nn.Module such as model.eval(), not {what}.")


def copied(network: nn.Module) -> nn.Module:
    """Return a copy without parametrisations, whose weights are as they are multiplied in evaluation mode.

    Of an output that holds more than logits, as those of Hugging Face do, the copy gives the logits.

    Raises:
        UserError: it is no network.
    """
    check_network(network)
    computed = [value for module in network.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    known = {id(value): value.detach().clone() for value in computed}  # as of torch.nn.utils.prune, which is no leaf
    model = copy.deepcopy(network, known)
    fold(model)
    model.register_forward_hook(take_logits)
    return model
