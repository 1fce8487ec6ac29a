"""A copy of a network, of any network."""

import copy

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from pruning.errors import UserError
from pruning.library.logits import refuse_scripted, take_logits
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
        UserError: it is no network, is TorchScript, or has parameters that have no shape yet.
    """
    check_network(network)
    refuse_scripted(network)
    for name, value in (*network.named_parameters(), *network.named_buffers()):
        if is_lazy(value):
            raise UserError(
                f"'{name}' has no shape before the network ran for the first time; run it on a batch first."
            )
    computed = [value for module in network.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    known = {id(value): value.detach().clone() for value in computed}  # as of torch.nn.utils.prune, which is no leaf
    model = copy.deepcopy(network, known)
    fold(model)
    model.register_forward_hook(take_logits)
    return model
