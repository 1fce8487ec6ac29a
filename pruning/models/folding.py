"""Parametrised weights folded: a network that computes a weight from others gets the weight itself in their place.

Weight normalisation, spectral normalisation, orthogonal and symmetric weights, `torch.nn.utils.prune`: zeros in what is
trained are no zeros in what is multiplied, or, where a whole row goes, no numbers (0 / 0). The network computes the
same afterwards; what it is trained by from then on are the weights that are multiplied, so that one that is pruned is
exactly zero and stays so.
"""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from torch import nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm, SpectralNormLoadStateDictPreHook
from torch.nn.utils.weight_norm import WeightNorm

_FOLDED: WeakKeyDictionary[nn.Module, tuple[str, ...]] = WeakKeyDictionary()


def folded(model: nn.Module) -> tuple[str, ...]:
    """The names of the weights that `fold` has folded in the network."""
    return _FOLDED.get(model, ())


def fold(model: nn.Module) -> None:
    """Fold every parametrised weight in place, as it is in evaluation mode; modes stay."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    found = [f"{name}.{key}".lstrip(".") for name, module in list(model.named_modules()) for key in _fold(module)]
    for module, mode in modes.items():
        module.training = mode
    if found:
        _FOLDED[model] = tuple(found)


def _fold(module: nn.Module) -> Iterator[str]:
    parametrised = getattr(module, "parametrizations", None) if parametrize.is_parametrized(module) else None
    for key in list(parametrised or ()):
        parametrize.remove_parametrizations(module, key, leave_parametrized=True)
        yield key
    for hook in list(module._forward_pre_hooks.values()):
        if isinstance(hook, WeightNorm):
            remove_weight_norm(module, hook.name)
            yield hook.name
        elif isinstance(hook, SpectralNorm):
            remove_spectral_norm(module, hook.name)
            _forget_loading(module)
            yield hook.name
        elif isinstance(hook, prune.BasePruningMethod):
            prune.remove(module, hook._tensor_name)
            yield hook._tensor_name
    if isinstance(module, nn.RNNBase):  # it keeps a list of its own
        module._flat_weights = [getattr(module, key) for key in module._flat_weights_names]


def _forget_loading(module: nn.Module) -> None:
    """Remove the hook that would ask a state dict for the parts; torch's own removal overlooks it."""
    for key, hook in list(module._load_state_dict_pre_hooks.items()):
        if isinstance(getattr(hook, "hook", hook), SpectralNormLoadStateDictPreHook):
            del module._load_state_dict_pre_hooks[key]
