"""What happens to a supernet while it is trained: gates shrink, channels are cut, weights are pruned.

A proximal step after each iteration draws the gates of all branches towards zero, the more the dearer their channels
are in multiply-adds. At each event the channels of the smallest gates are cut, until what is left costs no more than
the ramp allows, and of the weights that are left those of the smallest magnitude are pruned, over the whole network.
What is cut never returns. Whether a pruned weight may is a rule of its own:

- `keep`: it holds its last value, aside, and returns with it when others have become smaller.
- `reset`: between events all are trained; only the last pruning stays in force.
- `monotone`: it never returns.
"""

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.finders.base import Trainer, apply_masks, prunable_of
from pruning.masks import Masks, counts, full_masks, make_masks
from pruning.models.counting import weight_uses
from pruning.models.supernet import Branch, branches
from pruning.recipe import Recipe
from pruning.training.config import Training
from pruning.training.history import Record
from pruning.training.loop import Hook, Trained, iterations_per_epoch, learning_rate

Rule = Literal["keep", "reset", "monotone"]
RULES = {
    "keep": "with the values they had",
    "reset": "all, between one pruning and the next",
    "monotone": "none",
}
RAMP = 0.75
"""Share of the events after which all is cut and pruned; the others prune as much, but may choose other weights."""
DEAD = 1e-3
"""Size of a gate from which down its channel is dead."""

assert set(RULES) == set(get_args(Rule))


@dataclass(frozen=True)
class Plan:
    """When what happens in a stage of the training.

    Attributes:
        training: of the stage. end: iteration at which the stage ends.
        events: iteration before which something is cut or pruned -> how far along the ramps that is, above 0 and at
            most 1. Where it is always less, the last event is left to who runs the stage, at its end.
        macs: share of the branches' multiply-adds that is left at the end; None: no channel is cut.
        prunes: whether weights are pruned.
        penalty: of the gates, per unit of the learning rate. warmup: iterations until it is whole.
        rule: of what is pruned.
    """

    training: Training
    end: int
    events: dict[int, float]
    macs: float | None
    prunes: bool
    penalty: float = 0.0
    warmup: int = 0
    rule: Rule = "monotone"


def events(first: int, last: int, steps: int) -> dict[int, float]:
    """The iterations of all events but the last of `steps`, evenly between two iterations, and how far along each is.

    Fewer where there are fewer iterations.
    """
    steps = max(1, min(steps, last - first))
    return {first + round((last - first) * step / steps): step / steps for step in range(1, steps)}


class Supersearch(Hook):
    """A supernet in training, and what is left of it.

    Attributes:
        left: by branch, whether each channel is left, bool [channels].
        masks: of the weights, those of the last pruning: what a ticket keeps.
        plan: the stage that it is in.
    """

    def __init__(self, recipe: Recipe, model: nn.Module, trainer: Trainer, plan: Plan) -> None:
        self.recipe, self.model, self.trainer, self.plan = recipe, model, trainer, plan
        self.branches = branches_of(recipe, model)
        self.left = {name: torch.ones(each.gate.num_features, dtype=torch.bool) for name, each in self.branches.items()}
        self.masks = full_masks({name: weight.detach().cpu() for name, weight in prunable_of(recipe, model).items()})
        self.uses = weight_uses(model, trainer.data.shape)
        self.prices = prices(self.branches, self.uses)
        self.stale: dict[str, Tensor] = {}
        self.per_epoch = iterations_per_epoch(trainer.data, recipe.training)
        self.before_stage = 0  # iterations of the stages before
        self.rows: list[dict[str, float]] = []
        self.widths: list[dict[str, float]] = []

    def next_stage(self, plan: Plan) -> None:
        """What follows once the stage has ended."""
        self.before_stage += self.plan.end
        self.plan = plan

    def before(self, step: int) -> Masks | None:
        """Cut and prune when it is time for it; the masks in force then, else None."""
        return self.event(step, self.plan.events[step]) if step in self.plan.events else None

    def after(self, step: int) -> bool:
        """Draw the gates towards zero; whether the stage ends."""
        plan = self.plan
        if plan.penalty:
            share = min(1.0, (step + 1) / plan.warmup) if plan.warmup else 1.0
            rate = learning_rate(step, self.per_epoch, plan.training)
            self.shrink_gates(rate * plan.penalty * share)
        return step + 1 >= plan.end

    @torch.no_grad()
    def shrink_gates(self, reach: float) -> None:
        """The proximal step of the penalty: a gate loses `reach` times its channel's relative price, down to zero."""
        widths = torch.tensor([float(len(each)) for each in self.left.values()])
        costs = torch.tensor([*self.prices.values()])
        mean = float((costs * widths).sum() / widths.sum())
        for name, branch in self.branches.items():
            gate, step = branch.gate.weight, reach * self.prices[name] / mean
            gate.copy_(gate.sign() * (gate.abs() - step).clamp(min=0))

    def event(self, step: int, share: float) -> Masks:
        """Cut channels and prune weights as far along the ramps as `share`; the masks in force from then on."""
        last, share = share >= 1, min(1.0, share / RAMP)
        if self.plan.macs is not None:
            self._cut(1 - (1 - self.plan.macs) * share)
        if self.plan.prunes:
            returned = self._prune(share)
        else:
            self.masks, returned = self.reach(), 0
        self._note(step, returned)
        dense_between = self.plan.rule == "reset" and self.plan.prunes and not last
        return self.in_force(self.reach() if dense_between else self.masks)

    def in_force(self, weights: Masks) -> Masks:
        """Masks of weights with those of the normalisation of channels that are gone."""
        gone = {name: left for name, left in self.left.items() if not bool(left.all())}
        norms = {
            f"{name}.{key}": mask
            for name, left in gone.items()
            for key, mask in self.branches[name].cut(left).items()
            if mask.ndim == 1
        }
        return {**weights, **norms}

    def reach(self) -> Masks:
        """Masks that keep all weights of the channels that are left."""
        found = {name: torch.ones_like(mask) for name, mask in self.masks.items()}
        for name, left in self.left.items():
            found |= {f"{name}.{key}": mask for key, mask in self.branches[name].cut(left).items() if mask.ndim > 1}
        return found

    def _cut(self, budget: float) -> None:
        """Cut the dead channels, then those of the smallest gates, down to a share of the branches' multiply-adds."""
        sizes = {name: branch.gate.weight.detach().abs().cpu() for name, branch in self.branches.items()}
        if not any(bool((sizes[name][left] > DEAD).any()) for name, left in self.left.items()):
            raise UserError(
                f"The penalty of {self.plan.penalty:g} has brought every gate of the supernet to zero, so that nothing "
                "of its branches is left; give the method a smaller `penalty`."
            )
        order = sorted((float(sizes[name][at]), name, at) for name, left in self.left.items()
                       for at in left.nonzero().flatten().tolist())  # fmt: skip
        limit = budget * sum(self.prices[name] * len(left) for name, left in self.left.items())
        spent = sum(self.prices[name] for _, name, _ in order)
        for place, (size, name, at) in enumerate(order):
            if (size > DEAD and spent <= limit) or place == len(order) - 1:
                break
            self.left[name][at] = False
            spent -= self.prices[name]

    def _prune(self, share: float) -> int:
        """Prune to the sparsity of the ramp; gives how many pruned weights returned."""
        kept, within = self.masks, self.reach()
        if self.plan.rule == "monotone":
            within = {name: mask & kept[name] for name, mask in within.items()}
        values = {name: self._value(name) for name in kept}
        (most, total), sparsity = counts(within), self.recipe.sparsity
        if share == 1 and most < total - round(sparsity * total):
            raise UserError(
                f"The branches are cut so far that {most} of {total} weights are left, fewer than sparsity "
                f"{sparsity:g} keeps; give the method a larger `macs`, or ask for a higher sparsity."
            )
        sizes = {name: value.abs() for name, value in values.items()}
        self.masks = make_masks(sizes, max(sparsity * share, 1 - most / total), within=within)
        if self.plan.rule == "keep":
            self.stale = values
            for name, value in values.items():
                weight = self.model.get_parameter(name)
                with torch.no_grad():
                    weight.copy_(value * self.masks[name])
        return sum(int((mask & ~kept[name]).sum()) for name, mask in self.masks.items())

    def _value(self, name: str) -> Tensor:
        """The weights, in place of those that are pruned the values that they had, where these are kept."""
        weight = self.model.get_parameter(name).detach().cpu().clone()
        return torch.where(self.masks[name], weight, self.stale[name]) if name in self.stale else weight

    def _note(self, step: int, returned: int) -> None:
        kept, total = counts(self.masks)
        step += self.before_stage
        self.rows.append(
            {
                "iteration": step,
                "epoch": step / self.per_epoch,
                "density": kept / total,
                "macs": self._multiply_adds(self.reach()),
                "macs_kept": self._multiply_adds(self.masks),
                "accuracy": self._accuracy(),
                "returned": returned / kept,
            }
        )
        self.widths.append({name: float(left.sum()) for name, left in self.left.items()})

    def _multiply_adds(self, masks: Masks) -> float:
        return sum(self.uses[name] * int(mask.sum()) for name, mask in masks.items())

    def _accuracy(self) -> float:
        """Of the network with the last masks, on the test images, once its batch norms are measured anew."""
        twin = deepcopy(self.model).cpu()
        apply_masks(twin, self.in_force(self.masks))
        return self.trainer.recalibrated(twin, Trained([], math.nan, "float32"), self.recipe).accuracy

    def record(self) -> Record:
        """Tables of a ticket's record: "supernet", a row an event; "channels", left of each branch; "branches"."""
        found = {f"supernet/{key}": [float(row[key]) for row in self.rows] for key in self.rows[0]}
        found |= {f"channels/{name}": [row[name] for row in self.widths] for name in self.left}
        found["branches/channels"] = [float(len(left)) for left in self.left.values()]
        found["branches/macs"] = [*self.prices.values()]
        return found


def branches_of(recipe: Recipe, model: nn.Module) -> dict[str, Branch]:
    """The branches of the recipe's network.

    Raises:
        UserError: it has none.
    """
    found = branches(model)
    if not found:
        raise UserError(
            f"Finder '{recipe.finder}' searches among parallel branches, and '{recipe.model}' has none; take the model "
            "'supernet' or 'supernet_small'."
        )
    return found


def prices(found: dict[str, Branch], uses: dict[str, float]) -> dict[str, float]:
    """Multiply-adds of one channel of each branch, for one image.

    Args:
        found: the branches by name.
        uses: how often each weight is multiplied, of `weight_uses`.
    """
    return {name: _price(name, branch, uses) for name, branch in found.items()}


def _price(name: str, branch: Branch, uses: dict[str, float]) -> float:
    layers = ("expand", "depthwise", "project")
    weights = {f"{name}.{layer}.weight": branch.get_parameter(f"{layer}.weight").numel() for layer in layers}
    return sum(uses[key] * count for key, count in weights.items()) / branch.gate.num_features
