"""A recipe says everything that decides a ticket; its hash is the ticket's id."""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pruning.allocation import ALLOCATIONS
from pruning.checkpoints.imported_weights import Start
from pruning.criteria import CRITERIA, usual_allocation
from pruning.data import Dataset, name_of, source_of
from pruning.errors import UserError, nearest
from pruning.granularity import Granularity, get_granularity
from pruning.models import check_name
from pruning.models.user_file import is_user_file
from pruning.procedure import FINDERS, Fields, FinderOptions, Procedure, Shared
from pruning.tasks import TASKS, USUAL
from pruning.training.config import Training
from pruning.validation import MISSING_OPTION, Frozen, Options, checked, option, values_of

ID_LENGTH = 12
FINDER = "one_shot"  # of a recipe that names none


class PartOptions(Frozen):
    """The options of a recipe's criterion, allocation and structure; most have none."""

    criterion: SerializeAsAny[Options] = Options()
    allocation: SerializeAsAny[Options] = Options()
    structure: SerializeAsAny[Options] = Options()


_PARTS: Mapping[str, Callable[[str], Any]] = {
    "criterion": CRITERIA.get_known,
    "allocation": ALLOCATIONS.get_known,
    "structure": get_granularity,
}


class Recipe(Frozen):
    """What a ticket is made from. Two equal recipes give the same ticket, bit for bit, on the same machine.

    The finder's options, and those of the criterion, the allocation and the structure, are written beside the other
    fields: ``Recipe(model="lenet300", data="digits", finder="imp", rate=0.2, sparsity=0.9)``. An option that the finder
    does not have is an error. Defaults are written out, so that equal work has an equal id.

    `task` is what networks are trained for (`pruning.tasks`). `scope` is a part of the network, such as "decoder",
    where that alone is pruned. `classifier` names the layer whose output is the logits, where running the network does
    not tell (see `pruning.models.classifier`). `name` is how a study calls the method; it does not enter the id.
    `start` holds imported weights to start from.
    """

    model: str = option(..., "Network")
    data: str = option(..., "Data")
    task: str | None = option(None, "Task", "what networks are trained for; left out, classification")
    finder: str = option(FINDER, "Finder")
    start: Start | None = option(None, "Initialised from")
    sparsity: Annotated[float, Field(ge=0, lt=1)] = option(0.0, "Sparsity")
    classifier: str | None = option(None, "Classifier layer", "its name, or none; left out, it is found")
    prune_classifier: bool = option(True, "Classifier")
    scope: str | None = option(None, "Pruned part", "the submodule whose weights may be pruned; left out, all")
    training: Training = option(Training(), "Training")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = option(0, "Seed")
    name: str = ""
    options: SerializeAsAny[FinderOptions]
    parts: PartOptions = PartOptions()

    if TYPE_CHECKING:

        def __init__(self, **fields: Any) -> None:  # which options there are depends on the finder
            ...

    @model_validator(mode="before")
    @classmethod
    def _set_apart(cls, data: Any) -> Any:
        """Options, which are written beside the other fields, go where they belong."""
        if not isinstance(data, dict) or not isinstance(data.get("finder", FINDER), str):
            return data
        own = cls.model_fields.keys() - {"options", "parts"}
        given = {key: value for key, value in data.items() if key not in own}
        finder = FINDERS.get_known(data.get("finder", FINDER))
        parts = _parts(finder, given)
        mine = finder.options.model_fields
        allowed = [*mine, *(key for options in parts.values() for key in options.model_fields)]
        for key in given:
            if key not in allowed:
                raise _no_such_option(finder, key, allowed)
        return {
            **{key: value for key, value in data.items() if key in own},
            "options": {key: value for key, value in given.items() if key in mine and value is not None},
            "parts": {
                name: checked(options, {key: given[key] for key in options.model_fields if key in given})
                for name, options in parts.items()
            },
        }

    @field_validator("options", mode="plain")
    @classmethod
    def _complete(cls, given: Any, info: ValidationInfo) -> FinderOptions:
        """The finder's options; the fields above are validated by now."""
        finder = FINDERS.get_known(info.data["finder"])
        for key, field in finder.options.model_fields.items():
            if field.is_required() and key not in given:
                raise PydanticCustomError(
                    MISSING_OPTION, "{sentence}", {"sentence": f"Finder '{finder.name}' needs '{key}'."}
                )
        shared = Shared(info.data.get("training", Training()), info.data.get("start"))
        return checked(finder.options, finder.options.complete(dict(given), shared))

    @field_validator("data", mode="before")
    @classmethod
    def _named_data(cls, data: Any) -> Any:
        return name_of(data) if isinstance(data, Dataset) else data

    @classmethod
    def check_given(cls, fields: Mapping[str, Any]) -> None:
        """Raise UserError where no network or no data set is known by these names."""
        model, data, finder = (fields.get(name) for name in ("model", "data", "finder"))
        known = FINDERS.get(str(finder or FINDER))
        if isinstance(model, str) and not (known and known.recorded):  # what was recorded stays elsewhere
            check_name(model)
        if isinstance(data, str):
            source_of(data)

    def check_written(self) -> None:
        """Raise UserError where no network or no data set is known by these names."""
        self.check_given({"model": self.model, "data": self.data, "finder": self.finder})

    @field_validator("task")
    @classmethod
    def _known_task(cls, task: str | None) -> str | None:
        if task is None or is_user_file(task):
            return task
        return None if TASKS.get_known(task).name == USUAL else task

    @model_validator(mode="after")
    def _settle(self) -> Self:
        self.__dict__.update(self.options.decides(self))
        if self.of is not None and self.of.data != self.data and not FINDERS[self.finder].changes_data:
            raise UserError(
                f"Finder '{self.finder}' takes the data of its original: '{self.of.method}' is on '{self.of.data}', "
                f"not on '{self.data}'; give both the same `data`, or take the finder 'transferred'."
            )
        FINDERS[self.finder].check(self)
        return self

    @model_serializer(mode="wrap")
    def _beside(self, handler: SerializerFunctionWrapHandler) -> Fields:
        plain: Fields = handler(self)
        options, parts = plain.pop("options", {}), plain.pop("parts", {})
        for each in (options, *parts.values()):
            plain |= each
        return plain

    def but(self, **changes: object) -> Self:
        """Return the same with these changes of fields or options; one that is None takes the default.

        Raises:
            UserError: they are not allowed.
        """
        fields = values_of(self)
        fields |= values_of(fields.pop("options"))
        for part, options in values_of(fields.pop("parts")).items():
            fields |= {} if part in changes else values_of(options)  # those of another one are others
        return checked(type(self), fields | changes)

    def canonical(self) -> Fields:
        """The recipe as plain JSON values without its name, the form whose hash is the id."""
        plain = self.model_dump(mode="json", exclude_none=True, exclude={"name"})
        if self.of is not None:
            plain["of"] = self.of.canonical()
        return plain

    @cached_property
    def id(self) -> str:
        """12 hexadecimal digits of the SHA-256 of the canonical recipe."""
        return self.id_without()

    def id_without(self, *fields: str) -> str:
        """The id of the recipe without these fields, also those of the recipe it is made `of`."""
        text = json.dumps(_without(self.canonical(), fields), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]

    @cached_property
    def family(self) -> str:
        """The id of this recipe whatever its seed: tickets of one family are repetitions of one another."""
        return self.with_seed(0).id

    def with_seed(self, seed: int) -> Self:
        """The same recipe under another seed, its parent's seed included."""
        return self.but(seed=seed, **({} if self.of is None else {"of": self.of.with_seed(seed)}))

    def option(self, name: str) -> Any:
        """The value of the finder's option of that name, None where it has none such."""
        return getattr(self.options, name, None) if name in type(self.options).model_fields else None

    @property
    def criterion(self) -> str | None:
        """The name of the criterion, None where the finder takes none."""
        criterion: str | None = self.option("criterion")
        return criterion

    @property
    def of(self) -> "Recipe | None":
        """The recipe of the ticket that a control is made from."""
        original: Recipe | None = self.option("of")
        return original

    @property
    def granularity(self) -> Granularity:
        """What is removed as one piece; a ticket made from another one has that of its original."""
        if "structure" not in type(self.options).model_fields and self.of is not None:
            return self.of.granularity
        return get_granularity(self.option("structure") or "weight").configured(self.parts.structure)

    @property
    def trainings(self) -> list[Training]:
        """The training, and those that are options."""
        return [self.training, *(each for each in values_of(self.options).values() if isinstance(each, Training))]

    @property
    def devices(self) -> int:
        """How many devices share each batch of its own trainings."""
        return max(training.devices or 1 for training in self.trainings)

    @property
    def method(self) -> str:
        """The name the study gave, else the finder or criterion that makes the recipe what it is."""
        return FINDERS[self.finder].method(self.name, self.criterion)

    @property
    def method_label(self) -> str:
        """The method for people: ``SNIP``, ``IMP``, ``IMP reinitialised``."""
        if self.of is not None and self.name in ("", self.finder, f"{self.of.method}_{self.finder}"):
            return f"{self.of.method_label} {FINDERS[self.finder].label}"
        # What was imported or recorded under a name of its own keeps it to the letter
        finder = FINDERS[self.finder]
        if self.name != self.finder and (finder.recorded or (self.start is not None and finder.trains_nothing(self))):
            return self.method
        known = CRITERIA.get(self.method) or FINDERS.get(self.method)
        return known.label if known is not None else self.method.replace("_", " ")

    @property
    def label(self) -> str:
        """The ticket for people: ``IMP 90 %``; where nothing is pruned just ``Dense``, ``Dense reordered``."""
        if self.is_dense:
            came_pruned = self.start is not None and self.start.sparsity > 0
            return f"Imported {percent(self.sparsity)}" if came_pruned else self.method_label
        label, share = self.method_label, percent(self.sparsity) + FINDERS[self.finder].sparsity_of(self)
        if self.sparsity == 0 or (self.of is not None and self.of.is_dense) or label.endswith(f" {share}"):
            return label
        return f"{label} {share}"

    @property
    def is_dense(self) -> bool:
        """Whether the ticket is the dense network, or the imported one in its place."""
        return FINDERS[self.finder].is_dense


def _parts(finder: Procedure, given: Fields) -> dict[str, type[Options]]:
    """The options of the criterion, allocation and structure that are chosen, or are the finder's default."""
    fields = finder.options.model_fields
    names = {part: given.get(part) or fields[part].default for part in _PARTS if part in fields}
    if given.get("allocation") is None and "allocation" in names and isinstance(names.get("criterion"), str):
        names["allocation"] = usual_allocation(names["criterion"], names["allocation"])
    return {part: _PARTS[part](name).options for part, name in names.items() if isinstance(name, str)}


def _no_such_option(finder: Procedure, key: str, allowed: list[str]) -> UserError:
    guess = nearest(key, [*allowed, *(Recipe.model_fields.keys() - {"options", "parts"})])
    hint = f" Did you mean '{guess}'?" if guess else ""
    has = f"it has: {', '.join(allowed)}" if allowed else "it has none"
    return UserError(f"Finder '{finder.name}' has no option '{key}'.{hint} Of options {has}.")


def _without(plain: Fields, fields: tuple[str, ...]) -> Fields:
    inner = {"of": _without(plain["of"], fields)} if "of" in plain else {}
    return {key: value for key, value in (plain | inner).items() if key not in fields}


def percent(fraction: float) -> str:
    """A fraction as a percentage without needless digits: 0.9 is ``90 %``, 0.985 is ``98.5 %``."""
    return f"{100 * fraction:.4g} %"
