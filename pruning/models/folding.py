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

from pruning.models.modes import evaluating

_FOLDED: WeakKeyDictionary[nn.Module, tuple[str, ...]] = WeakKeyDictionary()


def folded(model: nn.Module) -> tuple[str, ...]:
    """The names of the weights that `fold` has folded in the network."""
    return _FOLDED.get(model, ())


def fold(model: nn.Module) -> None:
    """Fold every parametrised weight in place, as it is in evaluation mode; modes stay."""
    with evaluating(model):
        found = [f"{name}.{key}".lstrip(".") for name, module in list(model.named_modules()) for key in _fold(module)]
    if found:
        _FOLDED[model] = tuple(found)


def computed_weights(model: nn.Module) -> dict[str, nn.Module]:
    """The weights that `fold` would fold, by name, and the module of each, but for those of `torch.nn.utils.prune`."""
    return {
        f"{name}.{key}".lstrip("."): module for name, module in model.named_modules() for key in _computed_of(module)
    }


def _computed_of(module: nn.Module) -> list[str]:
    hooks = module._forward_pre_hooks.values()
    return parametrised(module) + [hook.name for hook in hooks if isinstance(hook, (WeightNorm, SpectralNorm))]


def parametrised(module: nn.Module) -> list[str]:
    """What of a module `torch.nn.utils.parametrize` computes."""
    return list(module.parametrizations) if parametrize.is_parametrized(module) else []  # type: ignore[arg-type]


def _own_class(module: nn.Module) -> None:
    """Give a parametrised module a class of its own: torch puts weights into the class, which deep copies share."""
    shared = type(module)
    contents = {key: value for key, value in vars(shared).items() if key not in ("__dict__", "__weakref__")}
    module.__class__ = type(shared.__name__, shared.__bases__, contents)


def _fold(module: nn.Module) -> Iterator[str]:
    if parametrised(module):
        _own_class(module)
    for key in parametrised(module):
        trained = any(True for _ in module.parametrizations[key].parameters(recurse=False))  # type: ignore[union-attr,index]
        parametrize.remove_parametrizations(module, key, leave_parametrized=True)
        weight = getattr(module, key)
        if trained and not isinstance(weight, nn.Parameter):  # what torch leaves of several that are frozen
            delattr(module, key)
            module.register_parameter(key, nn.Parameter(weight.detach(), requires_grad=False))
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
