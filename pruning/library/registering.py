"""Decorators that add a criterion, a finder, a network or a data set of the user's for this process and its workers.

@register_criterion("upper", needs_data=False)
def upper(network, context):
    return {name: weight.detach() for name, weight in context.weights(network).items()}

prune(network, "upper", 0.9)
"""

from collections.abc import Callable
from typing import Any

from torch import nn

from pruning.criteria import CRITERIA, Criterion
from pruning.data import DATASETS, Dataset, DataSource, EmbeddedData, name_of
from pruning.finders.base import Finder, no_parents, training_epochs
from pruning.models import MODELS, Architecture
from pruning.models.user_file import call_factory
from pruning.procedure import FINDERS, FinderOptions
from pruning.recipe import Recipe
from pruning.registry import decorator


def register_criterion(
    name: str | Criterion | Callable[..., Any] | None = None,
    *,
    label: str = "",
    paper: str = "",
    needs_data: bool = True,
    **facts: Any,
) -> Any:
    """Decorate a function (network, context) -> {parameter: scores}, higher = kept first, and so add a criterion.

    Args:
        name: what it is called; left out, as the function. Or a whole `Criterion`.
        label: for people.
        paper: where it is from.
        needs_data: whether it looks at `context.batches`.
        facts: other attributes of `Criterion`.

    Raises:
        UserError: one of that name ships with the project.
    """

    def make(called: str, function: Any) -> Criterion:
        return Criterion(called, label or _words_of(called), paper, function, needs_data, **facts)

    return decorator(CRITERIA, name, make)


def register_finder(
    name: str | Finder | Callable[..., Any] | None = None,
    *,
    label: str = "",
    words: str = "",
    options: type[FinderOptions] = FinderOptions,
    parents: Callable[[Recipe], list[Recipe]] = no_parents,
    cost: Callable[[Recipe], float] = training_epochs,
    **facts: Any,
) -> Any:
    """Decorate a function (recipe, parents, trainer) -> ticket, and so add a finder.

    Args:
        name: what it is called; left out, as the function. Or a whole `Finder`.
        label: for people.
        words: what it does, for the page that tells a ticket's story.
        options: its own.
        parents: the recipes whose tickets it is given; none where nothing is said.
        cost: how much training it takes, in epochs; that of one training where nothing is said.
        facts: other attributes of `Finder`.

    Raises:
        UserError: one of that name ships with the project.
    """

    def make(called: str, function: Any) -> Finder:
        title = label or _words_of(called)
        return Finder(
            name=called, label=title, words=words or title, options=options, parents=parents, cost=cost, find=function,
            **facts,
        )  # fmt: skip

    return decorator(FINDERS, name, make)


def register_model(
    name: str | Architecture | Callable[..., Any] | None = None, *, classifies_images: bool = True
) -> Any:
    """Decorate a class of networks, or a function that makes one, and so add a network with a name.

    It is called with `num_classes` and `shape` (channels, height, width), as many of them as it takes.

    Args:
        name: what it is called; left out, as the class or function. Or a whole `Architecture`.
        classifies_images: whether it gives logits of classes for images.

    Raises:
        UserError: one of that name ships with the project.
    """

    def make(called: str, factory: Any) -> Architecture:
        def build(num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
            return call_factory(factory, called, num_classes, shape)

        return Architecture(called, build, classifies_images)

    return decorator(MODELS, name, make)


def register_data(name: str | Dataset | DataSource | Callable[[], Dataset] | None = None) -> Any:
    """Decorate a function that gives a `Dataset`, and so add a data set with a name; it is called when it is needed.

    Args:
        name: what it is called; left out, as the function. Or a whole `Dataset` or `DataSource`.

    Raises:
        UserError: one of that name ships with the project.
    """
    if isinstance(name, Dataset):
        name_of(name)
        return name
    return decorator(DATASETS, name, EmbeddedData)


def _words_of(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
