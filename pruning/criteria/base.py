"""What a criterion is: a function that gives every prunable weight a score, and what is known about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pruning.criteria.batches import Batches
from pruning.errors import UserError
from pruning.granularity import Granularity
from pruning.models import prunable
from pruning.registry import Registry, of_plugin
from pruning.tasks import Task, get_task
from pruning.validation import Options, option

Scores = dict[str, Tensor]


@dataclass
class Context:
    """What a criterion may look at beside the network.

    Attributes:
        batches: normalised inputs float32 [N, C, H, W] and labels int64 [N], on the network's device. A criterion that
            needs no data finds one image of zeros there and learns device and shape from it.
        generator: on the CPU, the only source of chance.
        masks: what is pruned already, True = kept; those weights are zero in the network. None: nothing is pruned.
        classifier: whether the classifier's weights are scored too.
        scope: the submodule whose weights alone are scored; None: all.
        task: what the network is trained for.
        structure: what will be removed as one piece.
        options: the criterion's own; None: its defaults.
        cut: masks of scores on the way to the sparsity that is asked for, at a fraction of that way in (0, 1), at which
            the density has fallen exponentially; None where none is asked for.
    """

    batches: Batches
    generator: torch.Generator
    masks: dict[str, Tensor] | None = None
    classifier: bool = True
    structure: str | Granularity = "weight"
    options: Options | None = None
    cut: Callable[[Scores, float], dict[str, Tensor]] | None = None
    scope: str | None = None
    task: Task = field(default_factory=lambda: get_task(None))

    def weights(self, model: nn.Module) -> dict[str, nn.Parameter]:
        """The weights of `model` to be scored, by name."""
        return prunable(model, self.classifier, self.scope)


USUAL_ALLOCATION = "global"


@dataclass(frozen=True)
class Criterion:
    """A way to score weights.

    Attributes:
        name: the key in `CRITERIA`; label: the name for people; paper: where it is from.
        function: scores a network in a context. It leaves the network as it was, and works on a copy when it needs
            gradients.
        needs_data: whether it looks at the batches.
        rounds: how often to score and prune until the sparsity is reached.
        score_on: the weights it is meant for: the initial or the trained ones.
        structure: the only structure whose pieces it scores; None: any.
        allocation: how the sparsity is shared out over layers where nothing is said, as its paper does.
        options: what it lets one choose; a network is scored with an object of them in the context.
        by_chance: whether the scores say nothing of the weights.
        in_templates: whether a study file that is written for a user has a method of it, to be struck out.
        revision: raised when the scores change, so that tickets found by earlier ones are known to be stale.
    """

    name: str
    label: str
    paper: str
    function: Callable[[nn.Module, Context], Scores]
    needs_data: bool
    rounds: int = 1
    score_on: Literal["init", "trained"] = "init"
    structure: str | None = None
    allocation: str = USUAL_ALLOCATION
    by_chance: bool = False
    in_templates: bool = True
    options: type[Options] = Options
    revision: int = 1

    def steps(self, options: Options | None) -> int:
        """How often to score and prune, under these options."""
        return options.score_rounds if self.rounds > 1 and isinstance(options, Stepwise) else self.rounds

    def score(self, model: nn.Module, context: Context) -> Scores:
        """A float tensor of the parameter's shape for each prunable parameter, higher = kept first.

        The network is left as it was, to the bit: weights, buffers, gradients, mode. Weights pruned already score 0.

        Raises:
            UserError: a score is NaN or infinite, what the function gives are no scores of the network's weights, or it
                is a plugin's and fails.
        """
        context = context if context.options is not None else replace(context, options=self.options())
        with of_plugin(f"The criterion '{self.name}'"):
            given = self.function(model, context)
        _check_form(self.label, given, model)
        scores = {name: score.detach() for name, score in given.items()}
        if context.masks is not None:
            # A pruned weight's score means nothing, so it may neither be ranked nor raise an alarm.
            scores = {name: torch.where(context.masks[name], score, 0.0) for name, score in scores.items()}
        for name, score in scores.items():
            if not bool(torch.isfinite(score).all()):
                raise UserError(
                    f"The {self.label} scores of layer '{name}' are not finite, so its weights cannot be ranked; "
                    "look for NaN or huge values in the network's weights and in the data."
                )
        return scores


class Stepwise(Options):
    """Options of criteria that come to their sparsity in steps."""

    score_rounds: Annotated[int, Field(ge=1, le=1000)] = option(100, "Steps of scoring", "the paper takes up to 300")


def _check_form(label: str, scores: object, model: nn.Module) -> None:
    """Refuse what a function of the user's gives in place of scores."""
    if not isinstance(scores, Mapping):
        raise UserError(
            f"The criterion {label} gives a {type(scores).__name__}; it must give {{parameter: scores}}, as of "
            "`context.weights(network)`."
        )
    if not scores:
        raise UserError(f"The criterion {label} gives no scores; it must give those of `context.weights(network)`.")
    parameters = dict(model.named_parameters())
    for name, score in scores.items():
        if name not in parameters:
            raise UserError(f"The criterion {label} scores '{name}', which is no parameter of the network.")
        if not isinstance(score, Tensor) or score.shape != parameters[name].shape:
            found = list(score.shape) if isinstance(score, Tensor) else type(score).__name__
            raise UserError(
                f"The criterion {label} gives {found} for '{name}'; it must give a score for each weight, a tensor "
                f"{list(parameters[name].shape)}."
            )
        if score.is_complex():
            raise UserError(f"The criterion {label} gives complex numbers for '{name}', which have no order.")


CRITERIA: Registry[Criterion] = Registry("criterion", Criterion, "pruning.criteria")


def usual_allocation(criterion: str, finders: str | None) -> str | None:
    """How the sparsity is shared out where nothing is said: as the criterion's paper does, or as the finder must.

    Raises:
        UserError: there is no such criterion.
    """
    return CRITERIA.get_known(criterion).allocation if finders == USUAL_ALLOCATION else finders
