"""A study: one network, many ways to prune it, and the tickets found so far.

A study is a folder: `study.toml` says what to find, `tickets/` holds what was found, `results/` what was measured,
`log.jsonl` what happened when, `recorded/` what networks that are not here made of the images, `selections/` images
that were selected and named. Tickets that are only steps on the way to others lie in `cache/`.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pruning.checkpoints.imported_weights import FOLDER as IMPORTS
from pruning.data import Dataset
from pruning.errors import UserError
from pruning.files import leads_out
from pruning.recipe import Recipe
from pruning.study import index
from pruning.study.commands import typed
from pruning.study.config import StudyConfig, expand, read_config
from pruning.study.creating import write_study
from pruning.study.grid import BySeed
from pruning.study.opened import TOML as TOML
from pruning.study.places import local
from pruning.ticket import Header, Ticket, TicketInfo, read_header

TICKETS, CACHE, RESULTS, RECORDED, LOG = "tickets", "cache", "results", "recorded", "log.jsonl"
SELECTIONS, SUFFIX = "selections", ".safetensors"


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

    _scanned: tuple[Any, Any, tuple[list[Entry], list[str]]] | None = None  # index, files, and what was found

    def __init__(self, source: Path, config: StudyConfig) -> None:
        self.source = source
        self.config = config
        self.path = home(source, config.title)
        self._by_seed: dict[int, dict[str, Recipe]] = {}
        self._by_place: dict[int, dict[str, int]] = {}
        self._of_seed(config.seeds[0])  # what is wrong with the file is wrong for every seed

    def __getstate__(self) -> dict[str, Any]:
        """What goes to a worker: without the recipes, which it makes by itself when it wants them."""
        return {"source": self.source, "config": self.config, "path": self.path, "_by_seed": {}, "_by_place": {}}

    @classmethod
    def open(cls, path: str | Path) -> "Study":
        """Read a study by its folder or its `study.toml`; a packed one by its file, one elsewhere by its `fsspec` URL.

        The last two are only read: see `pruning.study.opened`.

        Raises:
            UserError: there is none, or the file says something that is not allowed; the sentence names key and value.
                Or a part of the folder is a link that leads out of it. Or what is elsewhere cannot be reached.
        """
        path = local(path)
        file = path / TOML if path.is_dir() else path
        refuse_links(file.parent)
        study = cls(file, read_config(file))
        refuse_links(study.path)
        return study

    @classmethod
    def create(cls, path: str | Path, data: Dataset | str, **keys: Any) -> "Study":
        """Make a study: a folder with a study.toml.

        Args:
            path: the folder.
            data: a data set, whose images are then kept in the folder, such as `Dataset.from_loader` makes of a loader;
                or the name of one.
            keys: what else the study.toml is to say: `model`, `title`, `seeds`, `sparsities`, `training`, `methods`,
                `analysis`, ... Without a `model` the study finds nothing, and holds what `analysis.record` adds.

        Raises:
            UserError: there is a study already, or a key or a value is not allowed; nothing is written then.
            WriteError: the disk will not take it.
        """
        write_study(Path(path) / TOML, data, keys)
        return cls.open(path)

    def recipes(self) -> list[Recipe]:
        """What the study is to find: for each seed the dense network, then each method at each sparsity."""
        return [recipe for seed in self.config.seeds for recipe in self._of_seed(seed).values()]

    @property
    def size(self) -> int:
        """How many recipes there are, which no two seeds share."""
        return len(self._of_seed(self.config.seeds[0])) * len(self.config.seeds)

    def asks_for(self, recipe: Recipe) -> bool:
        """Whether a recipe is one of the study's."""
        return recipe.id in self._of_seed(recipe.seed)

    def _of_seed(self, seed: int) -> dict[str, Recipe]:
        """The study's recipes of a seed by id, made when they are first asked for; none where it has not the seed."""
        if seed not in self._by_seed:
            if seed == self.config.seeds[0]:
                self._by_seed[seed] = expand(self.config, str(self.source), [seed])
            else:
                self._by_seed[seed] = self._others.under(seed) if seed in self._seeds else {}
        return self._by_seed[seed]

    @cached_property
    def _others(self) -> BySeed:
        """The recipes of the first seed, from which those of the others follow."""
        return BySeed(self._of_seed(self.config.seeds[0]))

    @cached_property
    def _seeds(self) -> dict[int, int]:
        """The place of each seed."""
        return {seed: place for place, seed in enumerate(self.config.seeds)}

    def _place(self, recipe: Recipe) -> tuple[int, int]:
        """Where a recipe stands in the study's order; after all where the study does not ask for it."""
        if not self.asks_for(recipe):
            return len(self._seeds), 0
        return self._seeds[recipe.seed], self._places(recipe.seed)[recipe.id]

    def _places(self, seed: int) -> dict[str, int]:
        """The place of each recipe of a seed, by id."""
        if seed not in self._by_place:
            self._by_place[seed] = {ticket: place for place, ticket in enumerate(self._of_seed(seed))}
        return self._by_place[seed]

    def _named(self, recipe: Recipe) -> Recipe:
        """A recipe with the study's own name for its method, which counts also when it was renamed since."""
        return self._of_seed(recipe.seed).get(recipe.id, recipe)

    @property
    def detail_seed(self) -> int:
        """The seed whose per-sample results are kept."""
        chosen = self.config.detail_seed
        return chosen if chosen in self.config.seeds else self.config.seeds[0]

    def ticket_path(self, recipe: Recipe) -> Path:
        """Where the recipe's ticket belongs: `tickets/` when the study asks for it, else `cache/`."""
        return self.path / (TICKETS if self.asks_for(recipe) else CACHE) / f"{recipe.id}{SUFFIX}"

    def scan(self) -> tuple[list[Entry], list[str]]:
        """The tickets found, in the study's order (others after them), and a sentence for each unreadable file.

        Those of methods with `data` of their own are left out: `elsewhere` has them.
        """
        entries, problems = self._scan()
        return [entry for entry in entries if not self._is_elsewhere(entry)], list(problems)

    def elsewhere(self) -> list[Entry]:
        """The tickets found that the study asks for on other data than its own, in its order."""
        return [entry for entry in self._scan()[0] if self._is_elsewhere(entry)]

    def _is_elsewhere(self, entry: Entry) -> bool:
        return entry.recipe.data != self.config.data and self.asks_for(entry.recipe)

    def _scan(self) -> tuple[list[Entry], list[str]]:
        """As `scan`, of all; done once while the files stay as they are."""
        known, files = index.tickets(self.path), index.files(self.path / TICKETS, SUFFIX)
        last = self._scanned
        if last is None or last[0] is not known or last[1] != files:
            last = known, files, self._look(files, known)
            self._scanned = None if last[2][1] else last  # what could not be read is tried again
        return last[2]

    def _look(self, names: Iterable[str], known: Mapping[str, index.Row]) -> tuple[list[Entry], list[str]]:
        entries, problems = dict[str, Entry](), list[str]()
        for path in (self.path / TICKETS / name for name in sorted(names)):
            try:
                _refuse_link(path, self.path)
                entry = self._indexed(path, known) or self._read(path)
                entries[entry.id] = entry
            except UserError as error:
                problems.append(str(error))
        return sorted(entries.values(), key=lambda entry: self._place(entry.recipe)), problems

    def _indexed(self, path: Path, known: Mapping[str, index.Row]) -> Entry | None:
        """A ticket that the study asks for, by the index of tickets; None where its file is to be read."""
        recipe = self._asked.get(path.stem) if known else None
        row = index.told(known, path) if recipe is not None else None
        return Entry(path, recipe, row.info.model_copy(), row.content) if recipe is not None and row else None

    def _read(self, path: Path) -> Entry:
        recipe, info, _, content = _header(path, index.seen(path))
        _check_name(path, recipe)
        return Entry(path, self._named(recipe), info.model_copy(), content)

    @cached_property
    def _asked(self) -> dict[str, Recipe]:
        """The study's recipes by id."""
        return {recipe.id: recipe for recipe in self.recipes()}

    def write_index(self) -> None:
        """Write the index of tickets, for a study of many, where its folder takes it."""
        before, found = index.files(self.path / TICKETS, SUFFIX), self._scan()[0]
        rows = {each.path.name: (before.get(each.path.name, ())[:4], each.content, each.info) for each in found}
        told = {name: (row.seen, row.content) for name, row in index.tickets(self.path).items()}
        if len(rows) >= index.LEAST and told != {name: row[:2] for name, row in rows.items()}:
            index.write_tickets(self.path, rows)

    def entries(self) -> list[Entry]:
        """The tickets found; unreadable files are passed over (`scan` names them)."""
        return self.scan()[0]

    def load(self, ticket_id: str) -> Ticket:
        """The ticket of that id. Raises UserError when it was not found yet or its file is damaged or another's."""
        path = self.path / TICKETS / f"{ticket_id}{SUFFIX}"
        if not path.exists():
            command = typed("pruning", "list", self.path)
            raise UserError(f"Study {self.path} has no ticket {ticket_id}; `{command}` shows what it has.")
        ticket = load_named(path, self.path)
        ticket.recipe = self._named(ticket.recipe)
        return ticket


@lru_cache(maxsize=8192)
def _header(path: Path, seen: tuple[int, ...]) -> Header:
    """What a ticket's file says, read once while the file stays as it is."""
    return read_header(path)


def load_named(path: Path, folder: Path) -> Ticket:
    """Read a ticket of the study `folder`. Raises UserError when it is damaged, another's, or a link out of there."""
    _refuse_link(path, folder)
    ticket = Ticket.load(path)
    _check_name(path, ticket.recipe)
    return ticket


def _check_name(path: Path, recipe: Recipe) -> None:
    """Raise UserError when a file is not named after the ticket that it holds, so that none passes for another."""
    if recipe.id != path.stem:
        raise UserError(
            f"The file {path} holds ticket {recipe.id}, not the one that it is named after: rename or delete it."
        )


def refuse_links(folder: Path) -> None:
    """Raise UserError when a part of a study's folder is a link out of it: what is read and written there stays there.

    The files of `tickets/`, of a table of results and of `imports/` are looked at as they are read.
    """
    for path in (folder / name for name in (TOML, TICKETS, CACHE, RESULTS, RECORDED, IMPORTS, LOG)):
        _refuse_link(path, folder)
        if path.name in (CACHE, RESULTS, RECORDED) and path.is_dir():
            for entry in os.scandir(path):
                if entry.is_symlink():
                    _refuse_link(Path(entry.path), folder)


def _refuse_link(path: Path, folder: Path) -> None:
    if leads_out(path, folder):
        raise UserError(f"{path} is a link that leads out of the study {folder}: put what it should hold in its place.")


def home(file: Path, title: str) -> Path:
    """The folder of a study: its file's own when that is called study.toml, else one below `studies/`.

    So files beside each other never mix their tickets, and one in the working folder leaves no litter in what is none.
    """
    if file.name != TOML:
        return Path("studies") / file.stem
    if file.parent.resolve() != (here := Path.cwd()):
        return file.parent
    below = Path("studies") / (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "study")
    return here if any((here / name).exists() for name in (TICKETS, RECORDED, IMPORTS, LOG)) else below


def new_home(name: str) -> Path:
    """The folder of a new study: one below `studies/`, whatever is in the name.

    Raises:
        UserError: the name has neither letters nor digits.
    """
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:80]
    if not slug:
        raise UserError(f"The name '{name}' makes no folder; use letters or digits in --name.")
    return Path("studies") / slug
