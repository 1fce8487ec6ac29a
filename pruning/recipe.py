"""A recipe says everything that decides a ticket; its hash is the ticket's id."""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pruning.criteria import CRITERIA
from pruning.errors import UserError, unknown
from pruning.masks import ALLOCATIONS

ID_LENGTH = 12


class Training(BaseModel):
    """How weights are trained. Lengths are in epochs; the rate warms up linearly, then follows the schedule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: Annotated[float, Field(ge=0)] = 20
    batch_size: Annotated[int, Field(ge=1)] = 128
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: Annotated[float, Field(gt=0)] = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 5e-4
    warmup_epochs: Annotated[float, Field(ge=0)] = 1
    schedule: Literal["cosine", "constant"] = "cosine"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0
    augment: Literal["none", "crop", "crop_flip"] = "none"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    log_every: Annotated[float, Field(gt=0)] | None = None  # epochs between points of the training curve; None: 1


class Start(BaseModel):
    """Imported weights that a recipe starts from in place of an initialisation, and the normalisation they expect.

    `weights` is the digest of the tensors (`imported_weights`); a study keeps them in `imports/`. `mean` and `std`
    have a value a channel, on the scale 0 to 1. `sparsity` is the fraction of the prunable weights that came pruned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Annotated[str, Field(pattern=f"^[0-9a-f]{{{ID_LENGTH}}}$")]
    mean: Annotated[tuple[float, ...], Field(min_length=1)]
    std: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Recipe(BaseModel):
    """What a ticket is made from. Two equal recipes give the same ticket, bit for bit, on the same machine.

    `name` is how a study calls the method; it does not enter the id. `of` is the recipe of the ticket that a control
    (`random_reinit`, `shuffled`) starts from. `start` holds imported weights to start from. `begin`, `until` (fractions
    of the training) and `steps` say when gradual pruning prunes, and how often.

    Where a mask is searched for, `search` says how its scores are trained and `frozen` which weights lie under it: the
    initial ones, these as large as the share that is kept needs (`scaled`) or with one size a layer (`signed`), or the
    trained ones. `margin` is how much more a weight that is kept at the start scores than one that is not, `restrict`
    how the share of swaps carried out falls. `distance` and `patience` are those of early-bird tickets. `order` numbers
    the data orders that `reordered` draws.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    data: str
    finder: str = "one_shot"
    criterion: str | None = None
    allocation: str | None = None
    structure: str | None = None
    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.0
    score_on: Literal["init", "trained"] | None = None
    score_per_class: Annotated[int, Field(ge=1)] | None = None
    rewind: Annotated[int, Field(ge=0)] | None = None
    rate: Annotated[float, Field(gt=0, lt=1)] | None = None
    begin: Annotated[float, Field(ge=0, lt=1)] | None = None
    until: Annotated[float, Field(gt=0, le=1)] | None = None
    steps: Annotated[int, Field(ge=1)] | None = None
    start: Start | None = None
    prune_classifier: bool = True
    training: Training = Training()
    finetune: Training | None = None
    search: Training | None = None
    frozen: Literal["initial", "scaled", "signed", "trained"] | None = None
    margin: Annotated[float, Field(ge=0)] | None = None
    restrict: Literal["cosine", "quartic", "none"] | None = None
    distance: Annotated[float, Field(gt=0, lt=1)] | None = None
    patience: Annotated[int, Field(ge=1)] | None = None
    order: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    of: "Recipe | None" = None
    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: Any) -> Any:
        """Fields that a finder does not use become None and its defaults are written out, so that equal work has an
        equal id. Each finder says in `pruning.finders` which fields it uses."""
        from pruning.finders import complete

        return complete(dict(data)) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind, value, allowed in (
            ("allocation", self.allocation, ALLOCATIONS),
            ("criterion", self.criterion, CRITERIA),
        ):
            if value is not None and value not in allowed:
                raise unknown(kind, value, allowed)
        return self

    @model_validator(mode="after")
    def _ramp_rises(self) -> Self:
        if self.begin is not None and self.until is not None and self.begin >= self.until:
            raise UserError(
                f"Gradual pruning runs from begin = {self.begin:g} to until = {self.until:g}; begin earlier."
            )
        return self

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        from pruning.finders import get_finder

        get_finder(self.finder).check(self)
        return self

    def canonical(self) -> dict[str, Any]:
        """The recipe as plain JSON values without its name, the form whose hash is the id."""
        plain = self.model_dump(mode="json", exclude_none=True, exclude={"name", "of"})
        if self.of is not None:
            plain["of"] = self.of.canonical()
        return plain

    @property
    def id(self) -> str:
        """12 hexadecimal digits of the SHA-256 of the canonical recipe."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]

    @property
    def family(self) -> str:
        """The id of this recipe whatever its seed: tickets of one family are repetitions of one another."""
        return self.with_seed(0).id

    def with_seed(self, seed: int) -> "Recipe":
        """The same recipe under another seed, its parent's seed included."""
        of = self.of.with_seed(seed) if self.of is not None else None
        return self.model_copy(update={"seed": seed, "of": of})

    @property
    def mask_structure(self) -> str | None:
        """The structure of the mask; a ticket made from another one has that of its original."""
        return self.of.mask_structure if self.structure is None and self.of is not None else self.structure

    @property
    def method(self) -> str:
        """The name the study gave, else the finder or criterion that makes the recipe what it is."""
        if self.name:
            return self.name
        return self.criterion if self.finder == "one_shot" and self.criterion else self.finder

    @property
    def method_label(self) -> str:
        """The method for people: ``SNIP``, ``IMP``, ``IMP reinitialised``."""
        from pruning.finders import finder_label

        if self.of is not None and self.name in ("", self.finder, f"{self.of.method}_{self.finder}"):
            return f"{self.of.method_label} {finder_label(self.finder)}"
        if self.method in CRITERIA:
            return CRITERIA[self.method].label
        return finder_label(self.method) or self.method.replace("_", " ")

    @property
    def label(self) -> str:
        """The ticket for people: ``IMP 90 %``; where nothing is pruned just ``Dense``, ``Dense reordered``."""
        if self.finder == "dense":
            came_pruned = self.start is not None and self.start.sparsity > 0
            return f"Imported {percent(self.sparsity)}" if came_pruned else self.method_label
        if self.of is not None and self.of.finder == "dense":
            return self.method_label
        return f"{self.method_label} {percent(self.sparsity)}"


def percent(fraction: float) -> str:
    """A fraction as a percentage without needless digits: 0.9 is ``90 %``, 0.985 is ``98.5 %``."""
    return f"{100 * fraction:.4g} %"
