"""What a `study.toml` says, and the recipes that follow from it."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pruning.checkpoints.imported_weights import Start
from pruning.errors import UserError, unknown
from pruning.granularity import get_granularity
from pruning.procedure import FINDERS, Procedure
from pruning.recipe import FINDER, Recipe
from pruning.study.commands import typed
from pruning.study.grid import BySeed, Sparsified
from pruning.training.config import Training
from pruning.validation import validate

RECORDED = "recorded"  # in place of a network, in a study of networks that are recorded alone
DENSE = "dense"  # what a study calls its dense network, so that a control can be made of it


class Method(BaseModel):
    """One way to prune, at every sparsity of the study. What is left out is the finder's default.

    `of` is the name of another method, or a table: a method that is none of the study's own, with `model` and `task` of
    its own. `data` is another data set than the study's, such as a second task's: such tickets are found beside the
    study's own, but are not measured with them (`Study.elsewhere`).

    With `calibration_seeds` it stands for as many methods, which differ in the draw of the images that the criterion
    looks at, and are called `NAME_calibration_SEED`.

    The finder's options, and those of criterion, allocation and structure, stand beside the other keys; the recipe
    says which there are.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = ""
    finder: str = FINDER
    data: str | None = None
    prune_classifier: bool = True
    scope: str | None = None
    of: str | dict[str, Any] | None = None
    sparsities: list[float] | None = None
    training: dict[str, Any] | None = None
    calibration_seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(min_length=1)] | None = None

    if TYPE_CHECKING:

        def __init__(self, **keys: Any) -> None:  # which options there are depends on the finder
            ...

    @property
    def options(self) -> dict[str, Any]:
        """The options that are given."""
        return self.model_extra or {}

    @property
    def title(self) -> str:
        """The name given, else that of the criterion (one shot) or the finder."""
        known = FINDERS.get(self.finder)
        return known.method(self.name, self.options.get("criterion")) if known else self.name or self.finder


class StudyConfig(BaseModel):
    """What `study.toml` may say."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    title: str
    description: str = ""
    model: str
    classifier: str | None = None  # the layer whose output is the logits, or "none"; left out, it is found
    data: str
    task: str | None = None  # what networks are trained for; left out, classification
    pictures: str | None = None  # a named data set whose test images stand in where `data` is not there
    start: Start | None = None
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(min_length=1)] = [0]
    detail_seed: int = -1  # -1: the first of the seeds
    sparsities: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=1)] = [0.5, 0.8, 0.9, 0.95]
    training: Training = Training()
    finetune: dict[str, Any] | None = None
    methods: Annotated[list[Method], Field(alias="method")] = []
    analysis: dict[str, Any] = {}

    @field_validator("seeds", "sparsities")
    @classmethod
    def _once(cls, values: list[Any]) -> list[Any]:
        return list(dict.fromkeys(values))


def read_config(file: Path) -> StudyConfig:
    """Read and validate a `study.toml`.

    Raises:
        UserError: there is none, it is no TOML, or something in it is not allowed.
    """
    try:
        with open(file, "rb") as stream:
            plain = tomllib.load(stream)
    except FileNotFoundError:
        folder = file.parent if file.suffix == ".toml" else file
        raise UserError(
            f"There is no study at {file}; `{typed('pruning', 'init', folder)}` writes a study.toml to start from."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{file} cannot be read: {error}") from None
    return validate(StudyConfig, plain, str(file))


def expand(config: StudyConfig, where: str, seeds: Sequence[int] | None = None) -> dict[str, Recipe]:
    """All recipes of a study, or of some `seeds`, by id; none of one whose networks are recorded alone.

    Raises:
        UserError: a key or a value of a method is not allowed, two are the same, or there is one and no `model`.
    """
    if config.model == RECORDED:
        if config.methods:
            raise UserError(f"{where}: nothing can be found in a study of recorded networks alone; give it a `model`.")
        return {}
    seeds = config.seeds if seeds is None else seeds
    first = _of_one_seed(config, seeds[0], where)
    others = map(BySeed(first).under, seeds[1:])
    return {key: recipe for each in (first, *others) for key, recipe in each.items()}


def _of_one_seed(config: StudyConfig, seed: int, where: str) -> dict[str, Recipe]:
    """All recipes of a seed by id."""
    common: dict[str, Any] = {"model": config.model, "data": config.data, "training": config.training.model_dump()}
    if config.task is not None:
        common["task"] = config.task
    if config.start is not None:
        common["start"] = config.start
    if config.classifier is not None:
        common["classifier"] = config.classifier
    dense = validate(Recipe, {**common, "finder": "dense", "seed": seed, "name": DENSE}, where)
    recipes: dict[str, Recipe] = {dense.id: dense}
    named: dict[tuple[str, float], Recipe] = {(DENSE, 0.0): dense}
    titled = {each.title: each for each in config.methods}
    seen: set[str] = set()
    for position, method in _apart(config.methods):
        title = method.title
        here = f"{where}, method {position} ({title})"
        if title in seen:
            raise UserError(f"{here}: another method has that name; give this one a `name` of its own.")
        seen.add(title)
        fields = {**common, **_fields(method, config), "seed": seed}
        alike: Sparsified | None = None
        for sparsity in _sparsities(method, titled, config):
            recipe = _alike(alike, sparsity, here)
            if recipe is None:
                own = {**fields, "sparsity": sparsity}
                if method.of is not None:
                    own["of"] = _original(method, sparsity, named, here, common | {"seed": seed})
                recipe = validate(Recipe, own, here)
            twin = recipes.get(recipe.id)
            if twin is not None:
                raise UserError(f"{here}: it is the same as '{twin.method}'; take one of them out.")
            recipes[recipe.id] = named[title, sparsity] = recipe
            alike = alike or Sparsified(recipe)
    return recipes


def _alike(alike: Sparsified | None, sparsity: float, here: str) -> Recipe | None:
    """The recipe at a sparsity where one like it is there; None where it is to be validated."""
    try:
        return alike.at(sparsity) if alike is not None else None
    except UserError as error:
        raise UserError(f"{here}: {error}") from None


def _apart(methods: Sequence[Method]) -> Iterator[tuple[int, Method]]:
    """The methods with their places from 1 on, one with several calibration seeds as one for each of them."""
    for position, method in enumerate(methods, 1):
        if method.calibration_seeds is None:
            yield position, method
        for seed in dict.fromkeys(method.calibration_seeds or ()):
            given = method.options.get("calibration") or {}
            own = {**given, "seed": seed} if isinstance(given, dict) else given
            yield (
                position,
                method.model_copy(
                    update={"name": f"{method.title}_calibration_{seed}", "calibration": own, "calibration_seeds": None}
                ),
            )


def _sparsities(method: Method, titled: Mapping[str, Method], config: StudyConfig) -> list[float]:
    """The method's own sparsities, else the one that its structure (or its original's) decides, else the study's."""
    of = titled.get(method.of, method) if isinstance(method.of, str) else method
    if method.sparsities:
        return method.sparsities
    if method.of == DENSE and of is method:
        return [0.0]
    if of is not method and of.sparsities:
        return config.sparsities
    fixed = usual_sparsity(of.finder, of.options.get("structure"))
    return config.sparsities if fixed is None else [fixed]


def usual_sparsity(finder: str, structure: Any = None) -> float | None:
    """Return the sparsity that a structure decides, without one the finder's usual structure; None where none does."""
    known = FINDERS.get(finder)
    usual = known.options.model_fields.get("structure") if known is not None else None
    try:
        return get_granularity(str(structure or ("weight" if usual is None else usual.default))).fixed_sparsity
    except UserError:
        return None  # the recipe will say the same, and where


def _fields(method: Method, config: StudyConfig) -> dict[str, Any]:
    """What a method decides of a recipe: its training laid over the study's, its other trainings over the finder's."""
    own = method.model_dump(include={"finder", "prune_classifier", "scope"})
    fields: dict[str, Any] = {"name": method.title, **own, **method.options}
    if method.data is not None:
        fields["data"] = method.data
    training = {**config.training.model_dump(), **(method.training or {})}
    if method.training:
        fields["training"] = training
    finder = FINDERS.get(method.finder)
    if finder is None:
        return fields  # the recipe will say so
    if config.finetune and finder.fine_tunes:
        fields.setdefault("finetune", config.finetune)
    for key, usual in _trainings(finder, training).items():
        if isinstance(fields.get(key), dict):
            fields[key] = {**usual, **fields[key]}
    return fields


def _trainings(finder: Procedure, training: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The finder's options that are trainings, as they are beside this one when nothing is said."""
    try:
        found = finder.options.usual_trainings(Training.model_validate(training))
    except ValidationError:
        return {}  # the recipe will say what is wrong with its training
    return {key: each.model_dump() for key, each in found.items()}


def _original(
    method: Method, sparsity: float, named: dict[tuple[str, float], Recipe], here: str, common: dict[str, Any]
) -> Recipe:
    """The recipe a control is made from, by its method's name, or as it is written out."""
    if isinstance(method.of, dict):
        for key in ("data", "seed"):
            if key in method.of:
                raise UserError(f"{here}, of: '{key}' is the study's own; leave it out.")
        training = {**common["training"], **method.of.get("training", {})}
        start = {key: value for key, value in common.items() if key in ("model", "data", "task", "seed")}
        return validate(Recipe, {"sparsity": sparsity, **start, **method.of, "training": training}, f"{here}, of")
    assert method.of is not None
    if (method.of, sparsity) in named:
        return named[method.of, sparsity]
    titles = list(dict.fromkeys(title for title, _ in named))
    if method.of not in titles:
        raise UserError(f"{here}, of: {unknown('method', method.of, titles)} It must stand above this one.")
    raise UserError(f"{here}, of: '{method.of}' is not pruned to {sparsity:g}; give both the same sparsities.")
