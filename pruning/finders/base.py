"""What all finders share: the workshop they work in, scoring, and the start weights that training returns to."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor, nn

from pruning import masks as mask_tools
from pruning.criteria import Context, get_criterion
from pruning.data import Dataset, normalise
from pruning.errors import UserError
from pruning.granularity import get_structure
from pruning.granularity.bypass import without_blocks
from pruning.granularity.dead_channels import with_silence
from pruning.imported_weights import Imported
from pruning.masks import Masks, full_masks, make_masks
from pruning.models import build_model, count_macs, prunable
from pruning.progress import Progress, quiet
from pruning.recipe import Recipe, Training
from pruning.ticket import Record, Ticket, TicketInfo
from pruning.training.loop import Hook, Trained, derived_seed, generator, train
from pruning.training.precision import pick_precision, settled

SCORE_BATCH = 250

BY_MAGNITUDE: Mapping[str, object] = {
    "criterion": "magnitude",
    "allocation": "global",
    "structure": "weight",
    "score_per_class": 25,
}
"""How finders that prune trained weights score them and share the sparsity out, unless the recipe says otherwise."""


@dataclass
class Workshop:
    """Where tickets are found: the data, the device, and whom to tell how far the work is."""

    data: Dataset
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    report: Progress = quiet
    imports: Path | Imported | None = None  # where imported weights lie, or the one network that is there

    def build(self, recipe: Recipe, seed: int | None = None) -> nn.Module:
        """The recipe's model with the initial weights of its seed (or of another)."""
        return build_model(recipe.model, self.data.num_classes, self.data.shape, recipe.seed if seed is None else seed)

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
        """`pruning.training.loop.train` on this workshop's data and device; what whole removed pieces say stays zero.

        Removed residual blocks take no part in it, which saves their time and changes no other weight, unless a hook
        may still change the masks.
        """
        structure, shape = recipe.mask_structure, self.data.shape
        network, masks = model, with_silence(model, masks, shape, structure) if masks else masks
        smaller = without_blocks(model, masks, shape) if masks and structure == "layer" and hook is None else None
        if masks and smaller is not None:
            apply_masks(model, masks)
            left = dict(smaller.named_parameters())
            network, masks = smaller, {name: mask for name, mask in masks.items() if name in left}
            # as for the whole network, which is what will be measured
            precision = pick_precision(config.precision, count_macs(model, shape), self.device)
            config = config.model_copy(update={"precision": precision})
        trained = train(
            network,
            self.data,
            config,
            recipe.seed,
            masks=masks,
            start=start,
            stop=stop,
            device=self.device,
            report=lambda fraction: self.report(fraction, text),
            hook=_Silencing(hook, model, shape, structure) if hook else None,
        )
        model.train(network.training)
        return trained


@dataclass
class _Silencing(Hook):
    """A finder's own hook, its masks extended by `with_silence`."""

    inner: Hook
    model: nn.Module
    shape: tuple[int, int, int]
    structure: str | None

    def before(self, step: int) -> Masks | None:
        return self._silenced(self.inner.before(step))

    def gradients(self, step: int) -> Masks | None:
        return self._silenced(self.inner.gradients(step))

    def after(self, step: int) -> bool:
        return self.inner.after(step)

    def _silenced(self, masks: Masks | None) -> Masks | None:
        return masks if masks is None else with_silence(self.model, masks, self.shape, self.structure)


@dataclass(frozen=True)
class Finder:
    """A procedure that yields tickets.

    Args:
        uses: the recipe's optional fields this finder reads, with their defaults; None means that it must be given.
        parents: the recipes whose tickets must be there first. The first one is the line of descent that time is
            counted along.
        find: makes the ticket from the recipe, its parents' tickets and the workshop.
        cost: how much training the step takes, in epochs, for the progress bar.
        label: the name for people; of a control what is said behind the name of its original.
        words: what it does, in a few words for the page that tells a ticket's story.
        needs: an optional field that must be given.
        check: raises UserError, one sentence, where fields that are right by themselves do not go together.
        revision: raised when its tickets change, so that those found by earlier ones are known to be stale.
    """

    name: str
    uses: Mapping[str, object]
    parents: Callable[[Recipe], list[Recipe]]
    find: Callable[[Recipe, Sequence[Ticket], Workshop], Ticket]
    cost: Callable[[Recipe], float]
    label: str
    words: str
    needs: str = ""
    check: Callable[[Recipe], None] = lambda recipe: None
    revision: int = 1


def dense_recipe(recipe: Recipe, iteration: int | None = None) -> Recipe:
    """The dense network a recipe starts from: fully trained (or imported), or as it was at an iteration."""
    return Recipe(
        start=recipe.start,
        model=recipe.model,
        data=recipe.data,
        finder="dense",
        training=recipe.training,
        seed=recipe.seed,
        rewind=iteration,
        name="dense",
    )


def make_ticket(
    recipe: Recipe,
    model: nn.Module,
    masks: Masks,
    trained: Trained,
    workshop: Workshop,
    began: float,
    parents: Sequence[Ticket] = (),
    record: Record | None = None,
) -> Ticket:
    """Put a ticket together from a trained network; `began` is the time.perf_counter() at which its work began, and
    `record` what was noted on the way."""
    state = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
    leaked = [name for name, mask in masks.items() if bool((state[name][~mask] != 0).any())]
    if leaked:
        raise AssertionError(f"pruned weights of {leaked} are not zero")
    data, seconds = workshop.data, time.perf_counter() - began
    info = TicketInfo(
        shape=data.shape,
        classes=list(data.classes),
        mean=list(data.mean),
        std=list(data.std),
        own_seconds=seconds,
        seconds=seconds + (parents[0].info.seconds if parents else 0.0),
        accuracy=trained.accuracy,
        history=trained.history,
        record=record or {},
        precision=trained.precision,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"torch": torch.__version__, "python": platform.python_version()},
    )
    return Ticket(recipe, {name: mask.cpu() for name, mask in masks.items()}, state, info)


def scoring_batches(recipe: Recipe, workshop: Workshop) -> list[tuple[Tensor, Tensor]]:
    """The training images that a criterion sees: `score_per_class` of each class (fewer where there are fewer)."""
    labels = workshop.data.train.labels
    source = generator(recipe.seed, "score")
    order = torch.randperm(len(labels), generator=source)
    wanted = recipe.score_per_class or 1
    rows = torch.cat([order[labels[order] == label][:wanted] for label in range(workshop.data.num_classes)])
    rows = rows[torch.randperm(len(rows), generator=source)]
    data, device = workshop.data, workshop.device
    return [
        (normalise(data.train.images[part], data.mean, data.std).to(device), labels[part].to(device))
        for part in rows.split(SCORE_BATCH)
    ]


def prune_by_score(
    recipe: Recipe, model: nn.Module, workshop: Workshop, within: Masks | None = None, invert: bool = False
) -> Masks:
    """Score the model's weights and keep the best, on the CPU; with `invert` the worst.

    A criterion of several rounds scores, prunes a little and scores again, the density falling exponentially to the
    one asked for (Tanaka et al. 2020) from that of `within`. The model is left with its pruned weights at zero.
    """
    if recipe.criterion is None:
        raise UserError(f"Finder '{recipe.finder}' needs a criterion.")
    criterion = get_criterion(recipe.criterion)
    structure = recipe.structure or "weight"
    model = model.to(workshop.device)
    parameters = prunable(model, recipe.prune_classifier)
    if not parameters:
        raise UserError(f"Model '{recipe.model}' has no convolution or linear layer to prune.")
    masks = full_masks(parameters) if within is None else {name: within[name] for name in parameters}
    masks = {name: mask.to(workshop.device) for name, mask in masks.items()}
    came = (1 - mask_tools.sparsity(masks)) or 1.0  # what is left when the first round begins
    batches = scoring_batches(recipe, workshop) if criterion.needs_data else []
    if not batches:
        # data-free criteria still learn device and input shape from an empty batch
        batches = [(torch.zeros(1, *workshop.data.shape, device=workshop.device), torch.zeros(1, dtype=torch.long))]
    context = Context(
        batches=batches,
        generator=generator(recipe.seed, "criterion", recipe.criterion),
        masks=masks,
        classifier=recipe.prune_classifier,
        structure=structure,
    )
    with settled(count_macs(model, workshop.data.shape)):
        rounds = 1 if get_structure(structure).pattern else criterion.rounds  # a pattern has no sparsities in between
        for turn in range(1, rounds + 1):
            density = came * ((1 - recipe.sparsity) / came) ** (turn / rounds)
            sparsity = recipe.sparsity if turn == rounds else 1 - density
            context.masks = masks
            scores = criterion.score(model, context)
            if invert:
                scores = {name: -score for name, score in scores.items()}
            masks = make_masks(scores, sparsity, recipe.allocation or "global", structure, within=masks, model=model)
            apply_masks(model, masks)
    model.cpu()
    return {name: mask.cpu() for name, mask in masks.items()}


def apply_masks(model: nn.Module, masks: Masks) -> None:
    """Set the pruned weights of the model to zero."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].mul_(mask.to(parameters[name].device))


def reinit_seed(seed: int) -> int:
    """The seed of the new weights of the control `random_reinit`."""
    return derived_seed(seed, "reinit") % 2**31
