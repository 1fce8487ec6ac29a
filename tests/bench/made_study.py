"""A study of thousands of tickets, made of a small real one: its tickets and results, many times over under new ids.

    python -m tests.bench.made_study FOLDER [--seeds N] [--sparsities N] [--methods N] [--images TIMES]

Ids, digests and provenance are as if all had been found and measured, so that a run finds nothing to do; numbers and
masks are those of the small study. Each image is there several times. It takes minutes and gigabytes, and is therefore
kept between benchmarks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from analysis.engine import measure as measuring
from analysis.engine.base import Measure, Pair
from analysis.engine.images import TestImages
from analysis.engine.plan import Parts, Wanted
from analysis.engine.settings import settings
from analysis.results import files
from analysis.results.provenance import to_text
from analysis.results.store import Results
from analysis.results.tables import TICKET, to_arrow
from pruning.data import load_data
from pruning.data.base import Dataset, Split
from pruning.files import write_atomically
from pruning.recipe import Recipe
from pruning.study.folder import Entry, Study
from pruning.study.opened import cache_folder
from pruning.ticket import Ticket
from tests import ROOT

SMALL = ROOT / "sample_checkpoints" / "mnist5k-lenet5"
LEFT_OUT = ("sensitivity",)
"""Tables that are not multiplied."""
COUNTS = ("n", "correct", "lost", "right")
"""Columns that count images."""
DONE = "made.txt"


@dataclass(frozen=True)
class Size:
    """How large: of each of `seeds` the dense network, and `methods` at `sparsities`; each image so many `times`."""

    seeds: int = 10
    methods: int = 20
    sparsities: int = 10
    times: int = 10

    @property
    def tickets(self) -> int:
        """How many tickets that is."""
        return self.seeds * (1 + self.methods * self.sparsities)


QUICK = Size(2, 9, 5, 1)


def made(size: Size, folder: Path | None = None) -> Path:
    """The study of that size, made where it is not there yet, in the user's folder for what can be made again."""
    name = f"{size.tickets}-tickets-{size.seeds}x{size.methods}x{size.sparsities}-{1000 * size.times}-images"
    folder = folder or cache_folder() / "bench" / name
    if not (folder / DONE).exists():
        study = _open(size, folder)
        _tickets(study)
        _results(study, size.times)
        measuring.run(study)  # nothing: it brings files together and writes the index, as after any run
        write_atomically(folder / DONE, f"{size.tickets} tickets\n")
    return folder


def _open(size: Size, folder: Path) -> Study:
    if (folder / "study.toml").exists():
        return Study.open(folder)
    small = Study.open(SMALL)
    plain = small.config.model_dump(by_alias=True, exclude_unset=True)
    keys = {key: plain[key] for key in ("model", "training", "finetune")}
    levels = np.linspace(0.5, 0.98, size.sparsities).round(4).tolist()
    return Study.create(
        folder,
        _images(small, size.times),
        title=f"{size.tickets:,} tickets",
        seeds=list(range(size.seeds)),
        sparsities=levels,
        methods=list(_methods(plain["method"], size.methods)),
        analysis={"families": ["cifar_c"]},
        **keys,
    )


def _methods(own: list[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    """The small study's methods, and again with an epoch more, two, ... under names of their own."""
    for number in range(count):
        method, turn = dict(own[number % len(own)]), number // len(own)
        if turn:
            method["name"] = f"{_title(method)} {turn + 1}"
            if "of" in method:
                method["of"] = f"{method['of']} {turn + 1}"
            else:
                method["training"] = {"epochs": 12 + turn}
        yield method


def _title(method: dict[str, Any]) -> str:
    return str(method.get("name") or method.get("criterion") or method["finder"])


def _images(small: Study, times: int) -> Dataset:
    data = load_data(small.config.data)
    test = Split(data.test.images.repeat(times, 1, 1, 1), data.test.labels.repeat(times))
    return Dataset("made", data.classes, data.train, test, data.mean, data.std)


class Originals:
    """Of which ticket of the small study another one is a copy."""

    def __init__(self) -> None:
        self.entries = Study.open(SMALL).entries()

    def of(self, recipe: Recipe) -> Entry:
        """The small study's ticket of the same method, the nearest sparsity, and one of its seeds."""
        method = re.sub(r" \d+$", "", recipe.method)
        among = [each for each in self.entries if each.recipe.method == method and each.recipe.seed == recipe.seed % 3]
        return min(among, key=lambda each: abs(each.recipe.sparsity - recipe.sparsity))


@cache
def _originals() -> Originals:
    return Originals()


@cache
def _ticket(path: Path) -> Ticket:
    return Ticket.load(path)


def _tickets(study: Study) -> None:
    for recipe in study.recipes():
        path = study.ticket_path(recipe)
        if not path.exists():
            original = _ticket(_originals().of(recipe).path)
            Ticket(recipe, original.masks, original.state, original.info.model_copy()).save(path)


def _results(study: Study, times: int) -> None:
    config, data = settings(study), load_data(study.config.data)
    wanted = Wanted(study, config, study.entries(), TestImages.of(study, config, data))
    results = Results(study.path)
    for name, measure in wanted.measures.items():
        copies = Copies(measure, times) if name not in LEFT_OUT else None
        for entry in wanted.subjects(measure) if copies else ():
            parts = wanted.parts(measure, entry)
            if parts and copies and not results.has(name, entry.id):
                partners = [pair for pair in wanted.pairs_of(measure, entry) if pair]
                content = copies.content(entry, parts, partners)
                if content:
                    _write(results.path / name / f"{entry.id}.parquet", content)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, but not flushed to the disk, which takes longer than all else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(".part")
    part.write_bytes(content)
    os.replace(part, path)


class Copies:
    """Files of a table, made of the small study's."""

    def __init__(self, measure: Measure, times: int) -> None:
        self.measure, self.times = measure, times
        self.known: dict[str, tuple[str, bytes]] = {}  # of each original: a copy's id, and its file

    def content(self, entry: Entry, parts: Parts, partners: list[Pair]) -> bytes | None:
        """The file of a ticket; None where the original has none."""
        original = _originals().of(entry.recipe)
        if partners or self.measure.follow:
            return self._anew(original, entry, parts, partners)
        if original.id not in self.known:
            made = self._anew(original, entry, parts, partners)
            if made is None:
                return None
            self.known[original.id] = entry.id, made
        first, content = self.known[original.id]
        return _renamed(content, first, entry.id)

    def _anew(self, original: Entry, entry: Entry, parts: Parts, partners: list[Pair]) -> bytes | None:
        rows = _rows(self.measure.name, original.id)
        if rows.empty:
            return None
        rows = self._more_images(rows)
        if partners:
            rows = pd.concat([_of_pair(rows, pair) for pair in partners], ignore_index=True)
        rows = rows[self.measure.part_of(rows).isin(parts.keys())]
        return files.encode(self.measure, to_arrow(self.measure, entry.id, rows), to_text(parts))

    def _more_images(self, rows: pd.DataFrame) -> pd.DataFrame:
        if self.times == 1:
            return rows
        if "sample" not in rows:
            counts = {name: rows[name] * self.times for name in COUNTS if name in rows and rows[name].dtype != float}
            whole = {"offsets": rows["offsets"].map(lambda each: bytes(each) * self.times)} if "offsets" in rows else {}
            return rows.assign(**counts, **whole)
        if self.measure.name == "maps":  # of so many images, however many there are
            return rows.assign(sample=rows["sample"] * self.times)
        keys = [key for key in ("corruption", "severity") if key in rows]
        count = rows["sample"].max() + 1
        copies = [rows.assign(sample=rows["sample"] + turn * count) for turn in range(self.times)]
        again = pd.concat(copies, ignore_index=True)
        if not keys:
            return again
        order = again.groupby(keys, sort=False, observed=True).ngroup()
        return again.loc[order.sort_values(kind="stable").index]


def _of_pair(rows: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """Rows of a pair, taken from any of the small study's that is as related."""
    alike = rows[rows["relation"] == pair.relation] if "relation" in rows else rows
    alike = rows if alike.empty else alike
    return alike[alike["other"] == alike["other"].iloc[0]].assign(other=pair.entry.id)


@cache
def _rows(table: str, ticket_id: str) -> pd.DataFrame:
    return Results(SMALL).table(table, ids=[ticket_id]).drop(columns=TICKET)


def _renamed(content: bytes, before: str, now: str) -> bytes:
    """A result file as another ticket's: ids are of one length and are not compressed, as they stand there once."""
    changed = content.replace(before.encode(), now.encode())
    start, stop = [*re.finditer(rb"blake2b-128:[0-9a-f]{32}", changed)][-1].span()
    blank = changed[:start] + b"blake2b-128:" + 32 * b"0" + changed[stop:]
    return blank.replace(b"blake2b-128:" + 32 * b"0", f"blake2b-128:{files.digest(blank)}".encode())


def main(
    folder: Annotated[Path, typer.Argument(help="The study's folder, which is made.", show_default=False)],
    seeds: int = Size.seeds,
    methods: int = Size.methods,
    sparsities: int = Size.sparsities,
    images: Annotated[int, typer.Option(help="How many times each of the 1,000 images is there.")] = Size.times,
) -> None:
    """Make a study of thousands of tickets."""
    size = Size(seeds, methods, sparsities, images)
    print(f"{size.tickets} tickets: {made(size, folder)}")


if __name__ == "__main__":
    typer.run(main)
