"""A study: one network, many ways to prune it, and the tickets found so far.

A study is a folder: `study.toml` says what to find, `tickets/` holds what was found, `results/` what was measured,
`log.jsonl` what happened when. Tickets that are only steps on the way to others lie in `cache/`.
"""

import os
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pruning.errors import UserError, unknown
from pruning.granularity import get_granularity
from pruning.recipe import FINDER, FINDERS, Procedure, Recipe, Start
from pruning.ticket import Ticket, TicketInfo, read_header
from pruning.training.config import Training
from pruning.validation import validate

TOML = "study.toml"
TICKETS, CACHE, RESULTS, LOG = "tickets", "cache", "results", "log.jsonl"
SUFFIX = ".safetensors"
DENSE = "dense"  # what a study calls its dense network, so that a control can be made of it


class Method(BaseModel):
    """One way to prune, at every sparsity of the study. What is left out is the finder's default.

    The finder's options, and those of criterion, allocation and structure, stand beside the other keys; the recipe
    says which there are.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = ""
    finder: str = FINDER
    prune_classifier: bool = True
    of: str | None = None
    sparsities: list[float] | None = None
    training: dict[str, Any] | None = None

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
    data: str
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


@dataclass(frozen=True)
class Entry:
    """A ticket that was found, as its file's header tells it."""

    path: Path
    recipe: Recipe
    info: TicketInfo
    content: str = ""  # the digest that the header gives; '' in files of earlier versions

    @cached_property
    def digest(self) -> str:
        """`Ticket.digest` of the ticket: of masks and weights alone. The tensors are read where the header has none."""
        return self.content or Ticket.load(self.path).digest

    @property
    def id(self) -> str:
        """The recipe's id."""
        return self.recipe.id

    @cached_property
    def _counts(self) -> tuple[int, int]:
        kept, total = zip(*self.info.layers.values(), strict=True) if self.info.layers else ((0,), (0,))
        return sum(kept), sum(total)

    @property
    def kept(self) -> int:
        """Prunable weights kept."""
        return self._counts[0]

    @property
    def total(self) -> int:
        """Prunable weights in all."""
        return self._counts[1]

    @property
    def sparsity(self) -> float:
        """Fraction removed, as it came out."""
        return 1 - self.kept / self.total if self.total else 0.0


class Study:
    """A study folder (`path`) and the file that says what it is to hold (`source`). Open one with `Study.open`."""

    def __init__(self, source: Path, config: StudyConfig) -> None:
        self.source = source
        self.config = config
        self.path = home(source, config.title)
        self._recipes = _expand(config, str(source))

    @classmethod
    def open(cls, path: str | Path) -> "Study":
        """Read a study by its folder or its `study.toml`.

        Raises:
            UserError: there is none, or the file says something that is not allowed; the sentence names key and value.
        """
        path = Path(path)
        file = path / TOML if path.is_dir() else path
        return cls(file, read_config(file))

    def recipes(self) -> list[Recipe]:
        """What the study is to find: for each seed the dense network, then each method at each sparsity."""
        return list(self._recipes.values())

    @property
    def detail_seed(self) -> int:
        """The seed whose per-sample results are kept."""
        chosen = self.config.detail_seed
        return chosen if chosen in self.config.seeds else self.config.seeds[0]

    def ticket_path(self, recipe: Recipe) -> Path:
        """Where the recipe's ticket belongs: `tickets/` when the study asks for it, else `cache/`."""
        folder = TICKETS if recipe.id in self._recipes else CACHE
        return self.path / folder / f"{recipe.id}{SUFFIX}"

    def scan(self) -> tuple[list[Entry], list[str]]:
        """The tickets found, in the study's order (others after them), and a sentence for each unreadable file."""
        entries, problems = {}, []
        for path in sorted((self.path / TICKETS).glob(f"*{SUFFIX}")):
            try:
                recipe, info, _, content = read_header(path)
            except UserError as error:
                problems.append(str(error))
                continue
            # the study's own name for a method counts, also when it was renamed after the ticket was found
            entries[recipe.id] = Entry(path, self._recipes.get(recipe.id, recipe), info, content)
        place = {key: position for position, key in enumerate(self._recipes)}
        return sorted(entries.values(), key=lambda entry: place.get(entry.id, len(place))), problems

    def entries(self) -> list[Entry]:
        """The tickets found; unreadable files are passed over (`scan` names them)."""
        return self.scan()[0]

    def load(self, ticket_id: str) -> Ticket:
        """The ticket of that id. Raises UserError when it was not found yet or its file is damaged."""
        path = self.path / TICKETS / f"{ticket_id}{SUFFIX}"
        if not path.exists():
            raise UserError(
                f"Study {self.path} has no ticket {ticket_id}; `python -m pruning list {self.path}` shows what it has."
            )
        ticket = Ticket.load(path)
        ticket.recipe = self._recipes.get(ticket.id, ticket.recipe)
        return ticket


def home(file: Path, title: str) -> Path:
    """The folder of a study: its file's own when that is called study.toml, else one below `studies/`.

    So two files beside each other never mix their tickets, and a file in the project's own folder leaves no litter.
    """
    if file.name != TOML:
        return Path("studies") / file.stem
    if file.parent.resolve() == Path.cwd():
        return Path("studies") / (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "study")
    return file.parent


def read_config(file: Path) -> StudyConfig:
    """Read and validate a `study.toml`."""
    try:
        with open(file, "rb") as stream:
            plain = tomllib.load(stream)
    except FileNotFoundError:
        raise UserError(
            f"There is no study at {file}; `python -m pruning init {file.parent}` writes a study.toml to start from."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{file} cannot be read: {error}") from None
    return validate(StudyConfig, plain, str(file))


def _expand(config: StudyConfig, where: str) -> dict[str, Recipe]:
    """All recipes of a study by id."""
    common: dict[str, Any] = {"model": config.model, "data": config.data, "training": config.training.model_dump()}
    if config.start is not None:
        common["start"] = config.start
    recipes: dict[str, Recipe] = {}
    for seed in config.seeds:
        dense = validate(Recipe, {**common, "finder": "dense", "seed": seed, "name": DENSE}, where)
        recipes[dense.id] = dense
        named: dict[tuple[str, float], Recipe] = {}
        whole = {(DENSE, 0.0): dense}
        for position, method in enumerate(config.methods, 1):
            here = f"{where}, method {position} ({method.title})"
            if any(title == method.title for title, _ in named):
                raise UserError(f"{here}: another method has that name; give this one a `name` of its own.")
            for sparsity in _sparsities(method, config):
                fields = {**common, **_fields(method, config), "sparsity": sparsity, "seed": seed}
                if method.of is not None:
                    fields["of"] = _original(method, sparsity, whole | named, here)
                recipe = validate(Recipe, fields, here)
                twin = recipes.get(recipe.id)
                if twin is not None:
                    raise UserError(f"{here}: it is the same as '{twin.method}'; take one of them out.")
                recipes[recipe.id] = named[method.title, sparsity] = recipe
    return recipes


def _sparsities(method: Method, config: StudyConfig) -> list[float]:
    """The method's own sparsities, else the one that its structure (or its original's) decides, else the study's."""
    titled = {each.title: each for each in config.methods}
    of = titled.get(method.of or "", method)
    if method.sparsities:
        return method.sparsities
    if method.of == DENSE and of is method:
        return [0.0]
    if of is not method and of.sparsities:
        return config.sparsities
    try:
        fixed = get_granularity(str(of.options.get("structure", "weight"))).fixed_sparsity
    except UserError:
        fixed = None  # the recipe will say the same, and where
    return config.sparsities if fixed is None else [fixed]


def _fields(method: Method, config: StudyConfig) -> dict[str, Any]:
    """What a method decides of a recipe: its training laid over the study's, its other trainings over the finder's."""
    own = method.model_dump(include={"finder", "prune_classifier"})
    fields: dict[str, Any] = {"name": method.title, **own, **method.options}
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


def _original(method: Method, sparsity: float, named: dict[tuple[str, float], Recipe], here: str) -> Recipe:
    """The recipe a control is made from, by its method's name."""
    titles = list(dict.fromkeys(title for title, _ in named))
    assert method.of is not None
    if method.of not in titles:
        raise UserError(f"{here}, of: {unknown('method', method.of, titles)} It must stand above this one.")
    if (method.of, sparsity) not in named:
        raise UserError(f"{here}, of: '{method.of}' is not pruned to {sparsity:g}; give both the same sparsities.")
    return named[method.of, sparsity]


def study_folders() -> list[Path]:
    """Folders with a `study.toml`: shipped ones, those in `studies/`, and those that PRUNING_STUDIES names."""
    roots = [Path("sample_checkpoints"), Path("studies"), Path("studies/reproductions")]
    roots += [Path(part) for part in os.environ.get("PRUNING_STUDIES", "").split(os.pathsep) if part]
    folders = [folder for root in roots if root.is_dir() for folder in (root, *sorted(root.iterdir()))]
    return list(dict.fromkeys(folder for folder in folders if (folder / TOML).is_file()))
