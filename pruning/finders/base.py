"""What all finders share: what a finder is, the trainer they are given, and the ticket that they make."""

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from pruning.checkpoints.imported_weights import Imported
from pruning.data import Dataset
from pruning.errors import UserError
from pruning.finders.came_pruned import came_pruned
from pruning.granularity import Granularity
from pruning.granularity.bypass import without_blocks
from pruning.granularity.dead_channels import with_dead_channels
from pruning.masks import Masks
from pruning.masks import apply_masks as apply_masks
from pruning.models import build_model, count_macs, prunable
from pruning.procedure import FINDERS, Procedure
from pruning.progress import Progress, quiet, saying
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.ticket import Ticket, TicketInfo
from pruning.training.batch_norm import recalibrated
from pruning.training.config import Training
from pruning.training.history import Record
from pruning.training.loop import Hook, Trained, train
from pruning.training.precision import pick_precision
from pruning.training.seeds import derived_seed
from pruning.validation import checked


@dataclass
class Trainer:
    """Builds and trains the networks of recipes on one data set and device, and tells how far it is.

    `threads` are those of the CPU; 0: as many as the network's size says.
    """

    data: Dataset
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    progress: Progress = quiet
    threads: int = 0
    imports: Path | Imported | None = None  # where imported weights lie, or the one network that is there

    def build(self, recipe: Recipe, seed: int | None = None) -> nn.Module:
        """The recipe's model with the initial weights of its seed (or of another)."""
        data, task, seed = self.data, get_task(recipe.task), recipe.seed if seed is None else seed
        model = build_model(recipe.model, data.num_classes, data.shape, seed, recipe.classifier, task.classifies_images)
        task.check(model)
        return model

    def imported(self, recipe: Recipe) -> tuple[nn.Module, Masks]:
        """The imported network that the recipe starts from, and the masks of all its prunable weights."""
        assert recipe.start is not None  # only asked for where there is one
        if self.imports is None:
            raise UserError("The recipe starts from imported weights; name the study that holds them.")
        imports = self.imports
        found = imports if isinstance(imports, Imported) else Imported.load(imports, recipe.start)
        model = self.build(recipe)
        return model, found.fill(model)

    def train(
        self,
        model: nn.Module,
        config: Training,
        recipe: Recipe,
        masks: Masks | None = None,
        start: int = 0,
        stop: int | None = None,
        text: str = "training",
        hook: Hook | None = None,
    ) -> Trained:
        """`pruning.training.loop.train` on this trainer's data and device; what whole removed pieces say stays zero.

        So does what an imported network came pruned of, also in layers that the recipe leaves alone.

        Removed residual blocks take no part in it, which saves their time and changes no other weight, unless a hook
        may still change the masks.
        """
        _refuse_wrapped(model, recipe)
        came = came_pruned(model, recipe, self.imports, masks)
        granularity, shape = recipe.granularity, self.data.shape
        network, masks = model, with_dead_channels(model, masks, shape, granularity) if masks else masks
        smaller = without_blocks(model, masks, shape) if masks and granularity.removes_blocks and hook is None else None
        masks = {**came, **(masks or {})} if came else masks
        if masks and smaller is not None:
            apply_masks(model, masks)
            left = dict(smaller.named_parameters())
            network, masks = smaller, {name: mask for name, mask in masks.items() if name in left}
            # as for the whole network, which is what will be measured
            precision = pick_precision(config.precision, count_macs(model, shape), self.device)
            config = config.but(precision=precision)
        trained = train(
            network,
            self.data,
            config,
            recipe.seed,
            masks=masks,
            start=start,
            stop=stop,
            device=self.device,
            progress=saying(self.progress, text),
            hook=_WithDeadChannels(hook, model, shape, granularity, came) if hook else None,
            task=get_task(recipe.task),
        )
        model.train(network.training)
        return trained

    def recalibrated(self, model: nn.Module, trained: Trained, recipe: Recipe) -> Trained:
        """`pruning.training.batch_norm.recalibrated` on this trainer's data and device."""
        return recalibrated(model, trained, self.data, recipe.seed, self.device, get_task(recipe.task))


def _refuse_wrapped(model: nn.Module, recipe: Recipe) -> None:
    """Refuse a network within another, that gives it other weights, where the loss runs its parts by themselves."""
    task = get_task(recipe.task)
    if not task.feed_forward and not all(hasattr(model, part) for part in task.parts):
        raise UserError(
            f"Finder '{recipe.finder}' trains scores in place of weights, and the loss of the task '{task.name}' runs "
            "parts of the network by themselves, where the scores have no say; take a finder that trains weights."
        )


@dataclass
class _WithDeadChannels(Hook):
    """A finder's own hook, its masks extended by `with_dead_channels` and by what came pruned elsewhere."""

    inner: Hook
    model: nn.Module
    shape: tuple[int, int, int]
    granularity: Granularity
    came: Masks

    def before(self, step: int) -> Masks | None:
        return self._extended(self.inner.before(step))

    def gradients(self, step: int) -> Masks | None:
        return self._extended(self.inner.gradients(step))

    def after(self, step: int) -> bool:
        return self.inner.after(step)

    def _extended(self, masks: Masks | None) -> Masks | None:
        if masks is None:
            return None
        return self.came | with_dead_channels(self.model, masks, self.shape, self.granularity)


@dataclass(frozen=True, kw_only=True)
class Finder(Procedure):
    """A procedure that yields tickets.

    Attributes:
        find: makes the ticket from the recipe, its parents' tickets and the trainer.
    """

    find: Callable[[Recipe, Sequence[Ticket], Trainer], Ticket]


def finder_of(recipe: Recipe) -> Finder:
    """Return the recipe's finder."""
    finder = FINDERS[recipe.finder]
    assert isinstance(finder, Finder)  # no other procedure is registered
    return finder


def prunable_of(recipe: Recipe, model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the weights that the recipe may prune, by name.

    Raises:
        UserError: there are none.
    """
    found = prunable(model, recipe.prune_classifier, recipe.scope)
    if not found:
        parts = ", ".join(name for name, _ in model.named_children())
        where = f" in its part '{recipe.scope}'; its parts are {parts}" if recipe.scope else ""
        raise UserError(f"Model '{recipe.model}' has no convolution or linear layer to prune{where}.")
    return found


def no_parents(recipe: Recipe) -> list[Recipe]:
    """Return the parents of a recipe that starts from its own initialisation: none."""
    return []


def training_epochs(recipe: Recipe) -> float:
    """Return the cost of a step that is one whole training."""
    return recipe.training.epochs


DENSE_FIELDS = ("start", "model", "data", "task", "classifier", "training", "seed")
"""What decides which dense network a recipe starts from."""


def dense_recipe(recipe: Recipe, iteration: int | None = None) -> Recipe:
    """The dense network a recipe starts from: fully trained (or imported), or as it was at an iteration."""
    return _dense(iteration, *(getattr(recipe, name) for name in DENSE_FIELDS))


@lru_cache(maxsize=1024)
def _dense(iteration: int | None, *values: object) -> Recipe:
    """One recipe for all that start from it, of which a large study has a thousand."""
    fields = dict(zip(DENSE_FIELDS, values, strict=True))
    return checked(Recipe, {**fields, "finder": "dense", "rewind": iteration, "name": "dense"})


def make_ticket(
    recipe: Recipe,
    model: nn.Module,
    masks: Masks,
    trained: Trained,
    trainer: Trainer,
    began: float,
    parents: Sequence[Ticket] = (),
    record: Record | None = None,
) -> Ticket:
    """Put a ticket together from a trained network.

    Args:
        recipe: the ticket's.
        model: the network as it was trained.
        masks: of its prunable weights.
        trained: what the training gave.
        trainer: that which trained it.
        began: the time.perf_counter() at which its work began.
        parents: the tickets that it was found from, the line of descent first.
        record: what was noted on the way.
    """
    masks = {name: mask.cpu() for name, mask in masks.items()}
    state = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
    leaked = [name for name, mask in masks.items() if bool((state[name][~mask] != 0).any())]
    if leaked:
        raise AssertionError(f"pruned weights of {leaked} are not zero")
    data, seconds = trainer.data, time.perf_counter() - began
    info = TicketInfo(
        shape=data.shape,
        classes=list(data.classes),
        mean=list(data.mean),
        std=list(data.std),
        own_seconds=seconds,
        seconds=seconds + (parents[0].info.seconds if parents else 0.0),
        accuracy=trained.accuracy,
        history=trained.history,
        record=trained.record | (record or {}),
        precision=trained.precision,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"torch": torch.__version__, "python": platform.python_version()},
    )
    return Ticket(recipe, masks, state, info)


def reinit_seed(seed: int) -> int:
    """The seed of the new weights of the control `random_reinit`."""
    return derived_seed(seed, "reinit") % 2**31
