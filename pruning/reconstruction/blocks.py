"""Which parts of a network are fitted one after the other, and what each is given and gives."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import BaseTorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from pruning.criteria.batches import Batch, Batches
from pruning.criteria.gradients import losses
from pruning.tasks import Task

Seen = Callable[[tuple[Any, ...], dict[str, Any], Any], None]


def layers_of(model: nn.Module, weights: Iterable[str]) -> list[str]:
    """Return the modules that hold these weights, the innermost, in the order in which they are listed."""
    return list(dict.fromkeys(name.rpartition(".")[0] for name in weights))


def blocks_of(model: nn.Module, weights: Iterable[str]) -> list[str]:
    """Return the parts of a network that hold these weights, each a repeated block or a layer outside of any.

    A block is the outermost module of a kind that the network has several of (a residual block, an encoder layer),
    lists of modules left out.
    """
    layers = layers_of(model, weights)
    kinds = Counter(type(module) for module in model.modules())
    found: list[str] = []

    def visit(name: str, module: nn.Module) -> None:
        inside = [layer for layer in layers if layer == name or layer.startswith(f"{name}." if name else "")]
        many = name != "" and kinds[type(module)] > 1 and not isinstance(module, (nn.Sequential, nn.ModuleList))
        if not inside:
            return
        if name in layers or many:
            found.append(name)
            return
        for key, child in module.named_children():
            visit(f"{name}.{key}" if name else key, child)

    visit("", model)
    return found


def calls_in_order(model: nn.Module, names: Iterable[str], batch: Batch, task: Task) -> dict[str, int]:
    """Return those of the modules that are called, in the order of their first calls, and how often each is."""
    seen: dict[str, int] = {}

    def note(name: str) -> Seen:
        def see(*_: Any) -> None:
            seen[name] = seen.get(name, 0) + 1

        return see

    with torch.no_grad():
        _watched(model, {name: note(name) for name in names}, batch, task)
    return seen


@dataclass
class Given:
    """What a module is called with for all calibration images, and what the dense network's gives.

    Attributes:
        arguments, keywords: with the images along the first dimension of each tensor that has one for each.
        wanted: float32 [N, ...].
        count: N, of images, or of parts of images where a module sees them as a batch of their own.
    """

    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    wanted: Tensor
    count: int

    def some(self, rows: Tensor) -> tuple[tuple[Any, ...], dict[str, Any], Tensor]:
        """Return arguments, keywords and what is wanted of these rows."""
        arguments, keywords = tree_map(lambda each: _rows(each, rows, self.count), (self.arguments, self.keywords))
        return arguments, keywords, self.wanted[rows]


def given(model: nn.Module, dense: nn.Module, name: str, batches: Batches, task: Task) -> Given:
    """Gather what a module of `model` is called with, and what its twin in `dense` gives in its own place."""
    calls: list[tuple[Any, Any]] = []
    wanted: list[Tensor] = []
    with torch.no_grad():
        for batch in batches:
            _watched(model, {name: lambda args, kwargs, _: calls.append((args, kwargs))}, batch, task, stop=True)
            _watched(dense, {name: lambda args, kwargs, out: wanted.append(first_of(out))}, batch, task, stop=True)
    sizes = [len(each) for each in wanted]
    leaves, structure = zip(*(tree_flatten(call) for call in calls), strict=True)
    joined = [_joined(each, sizes) for each in zip(*leaves, strict=True)]
    arguments, keywords = tree_unflatten(joined, structure[0])
    return Given(arguments, keywords, torch.cat(wanted), sum(sizes))


def first_of(out: Any) -> Tensor:
    """Return the first tensor of what a module gives."""
    return next(each for each in tree_flatten(out)[0] if isinstance(each, Tensor))


class _Passed(Exception):
    """The module has been called: what comes after it is of no interest."""


def _watched(model: nn.Module, see: dict[str, Seen], batch: Batch, task: Task, stop: bool = False) -> None:
    def hook(name: str) -> Callable[..., None]:
        def after(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
            see[name](args, kwargs, out)
            if stop:
                raise _Passed

        return after

    handles = [model.get_submodule(name).register_forward_hook(hook(name), with_kwargs=True) for name in see]
    try:
        with BaseTorchFunctionMode():  # under any function mode torch takes no shortcut past the modules of a block
            for _ in losses(model, [batch], task=task):
                pass
    except _Passed:
        pass
    finally:
        for handle in handles:
            handle.remove()


def _joined(parts: tuple[Any, ...], sizes: list[int]) -> Any:
    apart = all(isinstance(each, Tensor) and each.ndim and len(each) == n for each, n in zip(parts, sizes, strict=True))
    return torch.cat(parts) if apart else parts[0]


def _rows(value: Any, rows: Tensor, count: int) -> Any:
    return value[rows] if isinstance(value, Tensor) and value.ndim and len(value) == count else value
