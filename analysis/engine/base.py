"""What a measure is: a table, what its rows are made from, and how.

A measure is a file in `analysis.measures`, or is added with `register`. One that is shown images is started once for
each ticket and condition, sees every batch, and then gives its rows, in the manner of a torchmetrics metric; one that
needs no images gives its rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeVar, cast

import pandas as pd
from torch import Tensor, nn

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.networks import Network, weighted_layers
from analysis.engine.settings import AnalysisConfig
from analysis.results.columns import Column
from analysis.results.store import Results
from analysis.results.tables import TABLES, Table
from pruning.errors import few
from pruning.progress import Progress, quiet
from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.tasks import Task, get_task
from pruning.ticket import Ticket
from pruning.training.recording import of_elsewhere

__all__ = ["Accumulator", "Column", "Context", "Measure", "Need", "Pair", "Shown", "measures", "register"]

T = TypeVar("T")

Subject = Literal["ticket", "layer", "image", "condition", "pair"]
Need = Literal[
    "masks",
    "weights",
    "record",
    "images",
    "training images",
    "partner",
    "alone",
    "logits",
    "features",
    "classifier",
    "activations",
    "gradients",
    "inner layers",
]
SHOWN: frozenset[Need] = frozenset({"logits", "features", "activations", "gradients"})
"""What there is only where a network is shown images."""

WITHOUT_IMAGES: frozenset[Need] = frozenset({"masks", "weights", "record", "alone"})
"""What there is of a network whatever its task."""

WITHOUT_CODE: frozenset[Need] = frozenset({"masks", "record"})
"""What there is of a network without its code."""

RECORDED: frozenset[Need] = frozenset({"logits", "features", "classifier"})
"""What there is of a network that was recorded, and is not here."""

LAYERS: frozenset[Need] = frozenset({"inner layers", "images", "partner"})
"""What there is too where its inner layers were looked into, as `engine.layer_pass` does."""


@dataclass(frozen=True)
class Pair:
    """The ticket that another is held against, and how the two are related, in a word."""

    entry: Entry
    relation: str = ""


@dataclass(frozen=True)
class Shown:
    """A batch that a network was shown, and what it made of it, on the network's device.

    Attributes:
        images: uint8 [N, C, H, W], as they were shown. labels: int64 [N], the true classes. index: int64 [N], places
            among the images used.
        features: float32 [N, D], the input of the classifier. logits: float32 [N, K].
        activations: module -> output, for a measure that needs "activations"; see `Measure.layers`.
        gradients: parameter -> gradient of the batch's summed cross-entropy, for one that needs "gradients".
        partner: the same batch as the other ticket's network was shown it, for a measure of pairs.
    """

    images: Tensor
    labels: Tensor
    index: Tensor
    features: Tensor
    logits: Tensor
    activations: Mapping[str, Tensor] = field(default_factory=dict)
    gradients: Mapping[str, Tensor] = field(default_factory=dict)
    partner: Shown | None = None


class Accumulator(Protocol):
    """What a measure that is shown images makes of one ticket under one condition."""

    def update(self, shown: Shown, /) -> None:
        """Take in a batch. Tensors of the batch are not to be kept whole over the data set."""

    def rows(self) -> pd.DataFrame:
        """Return the rows, without `ticket_id`; at least one for each part asked for."""


@dataclass
class Context:
    """What a measure is given of one ticket, under one condition.

    Attributes:
        entry, ticket: the ticket's header and the ticket.
        images: the test images.
        settings: the study's, those of the measure among them: an instance of its `options` too.
        condition: what the images are shown under. network: as it is shown them; None where none are.
        partner, relation: the other ticket of a pair, and how the two are related.
        parts: the kinds to be made, of a table that has the column "kind".
        reference: the ticket whose rows this one's build on, see `Measure.reference`.
        results: what is stored of others.
        root: the folder of the data sets, as for `pruning.data.load_data`.
        progress: told how far it is, where no images are shown. problems: takes sentences on what was left out.
    """

    entry: Entry
    ticket: Ticket
    images: TestImages
    settings: AnalysisConfig
    results: Results
    condition: Condition = CLEAN
    network: Network | None = None
    partner: Ticket | None = None
    relation: str = ""
    parts: frozenset[str] = frozenset()
    reference: Entry | None = None
    root: Path | None = None
    progress: Progress = quiet
    problems: list[str] = field(default_factory=list)
    shared: dict[Hashable, object] = field(default_factory=dict)
    process: dict[Hashable, object] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        """What the ticket was trained for."""
        return get_task(self.ticket.recipe.task)

    def say(self, problem: str) -> None:
        """Take a sentence on what was left out, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def once(self, make: Callable[[Context], T]) -> T:
        """What `make` gives, made once for all measures of this ticket (and pair) under this condition."""
        if make not in self.shared:
            self.shared[make] = make(self)
        return cast(T, self.shared[make])

    def once_a_process(self, make: Callable[[], T]) -> T:
        """What `make` gives, made once for all tickets that this process measures."""
        if make not in self.process:
            self.process[make] = make()
        return cast(T, self.process[make])


@dataclass(frozen=True, eq=False, kw_only=True)
class Measure(Table):
    """A table and how it is made. What is not said is not needed.

    Attributes:
        of: what a row is about.
        needs: what the rows are made from. "alone" asks that nothing else run beside it.
        start: for a measure that is shown images: called for a ticket and a condition. rows: for one that is not: the
            rows at once. Exactly one of the two.
        version: raised when the numbers change; what another version made is measured again.
        detail: whether only tickets of the study's detail seed have it.
        conditions: which conditions, of those the study asks for, it is shown, where the table has the columns
            "corruption" and "severity"; without these it is shown the clean images alone.
        asked: (settings, condition) -> whether the settings ask for it under that one of these.
        pairs: entries -> for each ticket's id, whom it is held against, for a table with the column "other".
        parts: (settings, test images used or None where that is not known) -> the kinds asked for, for a table with
            the column "kind".
        source: a kind -> where its images come from, in a form that is another when they are others; "" where the name
            says it.
        reference: the ticket that comes first, as others' rows of the kinds in `follow` build on its own.
        apart: whether each part takes so long that it is work of its own, which is kept as soon as it is done.
        layers: the modules whose outputs "activations" are, by name.
        by_machine: columns that another machine cannot repeat, such as times.
        matters: (settings, test images used) -> settings that decide the numbers, in a form that JSON knows; None where
            that cannot be told on this machine, so that nothing counts as stale by it.
        datasets: settings -> names of the data sets that it needs beside the study's, which are fetched with that.
        tasks: the names of the tasks whose tickets have it. None: of those that classify images, and of any where it
            needs nothing but masks, weights and training records.
        recipes: of these tickets, those whose recipes have it.
        mendings: of a recipe's rows alone, which count as those of `version`.
        cost: (parts, test images, multiply-adds of the network for one image) -> about the seconds that `rows` takes on
            one core.
    """

    of: Subject
    needs: frozenset[Need]
    start: Callable[[Context], Accumulator] | None = None
    rows: Callable[[Context], pd.DataFrame] | None = None
    version: int = 1
    detail: bool = False
    conditions: Callable[[Condition], bool] = lambda condition: True
    asked: Callable[[AnalysisConfig, Condition], bool] = lambda settings, condition: True
    pairs: Callable[[Sequence[Entry]], Mapping[str, Sequence[Pair]]] | None = None
    parts: Callable[[AnalysisConfig, int | None], Sequence[str]] | None = None
    source: Callable[[str], str] = lambda kind: ""
    reference: Callable[[Sequence[Entry]], Entry] | None = None
    follow: frozenset[str] = frozenset()
    apart: bool = False
    layers: Callable[[nn.Module], Sequence[str]] = weighted_layers
    by_machine: frozenset[str] = frozenset()
    matters: Callable[[AnalysisConfig, int], Mapping[str, object] | None] = lambda settings, images: {}
    datasets: Callable[[AnalysisConfig], Sequence[str]] = lambda settings: ()
    tasks: frozenset[str] | None = None
    recipes: Callable[[Recipe], bool] = lambda recipe: True
    mendings: Callable[[Recipe], int] = lambda recipe: 0
    cost: Callable[[Sequence[str], int, int], float] = lambda parts, images, macs: 0.02

    def __post_init__(self) -> None:
        if (self.start is None) == (self.rows is None) or (self.start is None) != self.needs.isdisjoint(SHOWN):
            raise ValueError(
                f"The measure '{self.name}' has `start` where it needs any of {', '.join(sorted(SHOWN))}, else `rows`."
            )
        for column, given in (("other", self.pairs), ("kind", self.parts)):
            if (column in self.columns) != (given is not None):
                raise ValueError(f"The measure '{self.name}' has a column '{column}' where it says what is in it.")

    def suits(self, task: str | None) -> bool:
        """Whether tickets of a recipe's task have it."""
        if self.tasks is not None:
            return get_task(task).name in self.tasks
        return self.needs <= WITHOUT_IMAGES or get_task(task).classifies_images

    def measures(self, entry: Entry, suits: bool | None = None) -> bool:
        """Whether a ticket has it: by its recipe, and by what there is of its network.

        `suits`: of its task, where that is known already.
        """
        recording = of_elsewhere(entry.info.recording)
        there = recording is None or self.needs <= (RECORDED | LAYERS if recording.layers else RECORDED)
        suits = self.suits(entry.recipe.task) if there and suits is None else suits
        return bool(there and suits and self.recipes(entry.recipe))

    @property
    def meant_for(self) -> str:
        """Which networks have it, in words."""
        if self.tasks is not None:
            return f"networks of the task{'' if len(self.tasks) == 1 else 's'} {', '.join(sorted(self.tasks))}"
        return "any network" if self.needs <= WITHOUT_IMAGES else "networks that classify images"

    @property
    def shown(self) -> bool:
        """Whether networks are shown images for it."""
        return self.start is not None

    @property
    def by_condition(self) -> bool:
        """Whether its parts are conditions."""
        return "corruption" in self.columns

    @property
    def of_images(self) -> bool:
        """Whether its numbers depend on the test images."""
        return self.shown or "images" in self.needs


def measures() -> dict[str, Measure]:
    """All measures by name."""
    return {name: table for name, table in TABLES.items() if isinstance(table, Measure)}


def left_out(task: str | None, tables: Sequence[str] | None = None) -> list[str]:
    """A sentence, if any, on tables (all by default) that a study has none of, as its networks do not classify images.

    Raises:
        UserError: there is no such task.
    """
    chosen = [measure for name, measure in measures().items() if not tables or name in tables]
    unfit = sorted(measure.name for measure in chosen if measure.tasks is None and not measure.suits(task))
    if not unfit:
        return []
    whose = get_task(task)
    return [
        f"These networks are trained for another task ({whose.label}) than to classify images, so that {few(unfit)} "
        f"{'is' if len(unfit) == 1 else 'are'} left out; pages show their {whose.score.name} from the tickets."
    ]


def register(measure: Measure) -> Measure:
    """Add a measure for this process and the workers that it starts; returns it.

    Raises:
        UserError: one of that name ships with the project.
    """
    return cast(Measure, TABLES.register(measure))
