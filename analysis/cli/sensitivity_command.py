"""What `python -m analysis sensitivity` does: measures what is missing, prints what layers cost, suggests a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.cli import ticket_scan
from analysis.comparisons import budget
from analysis.comparisons import sensitivity as scans
from analysis.comparisons.budget import Unit
from analysis.comparisons.sensitivity import Scanned
from analysis.engine import measure
from analysis.engine.settings import settings
from analysis.measures.sensitivity import SensitivityOptions, options_of
from analysis.results.store import Results
from pruning.cli.progress_bar import ProgressBar
from pruning.errors import UserError
from pruning.study.folder import Study
from pruning.study.opened import refuse_writing
from pruning.ticket import read_header

SAID = (0.9, 0.8)
"""The sparsity that the sentence is about, and the one in its place where that was not tried."""


def run(study: Study, keep: float | None, of: Unit, root: Path | None, jobs: int, threads: int) -> None:
    """Scan the dense networks as far as that is not done, and print what came of it.

    Raises:
        UserError: the study is only read here or asks for no scan, or the budget cannot be met.
    """
    refuse_writing(study.path)
    options = options_of(settings(study))
    if not options.sensitivity:
        raise UserError(
            f'{study.source} asks for no scan: write `sensitivity = ["magnitude"]`, or other criteria, into its '
            "section [analysis]."
        )
    with ProgressBar(study.config.title) as display:
        problems = measure.run(study, display.tell, ["sensitivity"], root=root, jobs=jobs, threads=threads).problems
    seeds = {entry.id: entry.recipe.seed for entry in study.entries() if entry.recipe.is_dense}
    rows = Results(study.path).table("sensitivity", ids=sorted(seeds))
    for problem in problems:
        display.console.print(problem, style="yellow", highlight=False, soft_wrap=True)
    _print(display.console, rows, seeds, options, keep, of)


def run_ticket(
    file: Path, criteria: Sequence[str], keep: float | None, of: Unit, root: Path | None, threads: int
) -> None:
    """Scan one ticket, and print what came of it; nothing is kept.

    Raises:
        UserError: as `ticket_scan.scan`; or a budget is asked for of a pruned ticket.
    """
    options = SensitivityOptions(sensitivity=[*criteria] or ["magnitude"])
    if keep is not None and not read_header(file).recipe.is_dense:
        raise UserError(f"{file} is pruned already, and the finder 'manual' cuts the dense network; leave --keep out.")
    with ProgressBar(file.stem) as display:
        ticket, rows = ticket_scan.scan(file, options.sensitivity, root, threads, display.tell)
    display.console.print(f"{ticket.recipe.label}, {ticket.id}, one network", highlight=False)
    _print(display.console, rows, {ticket.id: ticket.recipe.seed}, options, keep, of)


def _print(
    console: Console,
    rows: pd.DataFrame,
    seeds: Mapping[str, int],
    options: SensitivityOptions,
    keep: float | None,
    of: Unit,
) -> None:
    """Print the table and the sentences of each criterion, and the method that spends a budget."""
    for criterion in options.sensitivity:
        scan = scans.scanned(rows, criterion, seeds) if len(rows) else None
        if scan is None:
            continue
        for title, places in (("clean", [0]), ("mean of the corruptions", scan.corrupted)):
            if places:
                console.print(_table(scan, places, f"{criterion}, {title}: points of accuracy lost"))
                for sentence in _sentences(scan, places):
                    console.print(sentence.replace("**", ""), highlight=False, soft_wrap=True)
        if keep is not None:
            found = budget.suggest(scan, [0], keep, of)
            lines = budget.method_lines(found, f"{criterion}_spent", criterion, options.sensitivity_structure)
            console.print(f"\n{lines}\n", highlight=False, soft_wrap=True)
            if options.sensitivity_structure == "weight":
                lines = budget.allocation_lines(scan, [0], f"{criterion}_by_sensitivity", criterion)
                console.print(f"# or, at every sparsity of the study:\n\n{lines}\n", highlight=False, soft_wrap=True)


def _table(scan: Scanned, places: Sequence[int], title: str) -> Table:
    """A row a layer, a column a sparsity; a star where the interval leaves out 0."""
    table = Table("layer", *(f"{100 * each:g} %" for each in scan.sparsities), title=title)
    rows = scans.curves(scan, places)
    for name in scan.layers:
        own = rows[rows["layers"] == name].set_index("sparsity")
        cells = [_cell(own.loc[each]) if each in own.index else "" for each in scan.sparsities]
        table.add_row(name, *cells)
    for name, why in scan.unable.items():
        table.add_row(name, f"not pruned: {why.rstrip('.')}")
    return table


def _cell(row: object) -> str:
    shown = getattr(row, "low", 0.0) > 0
    return f"{100 * getattr(row, 'difference', 0.0):.1f}{' *' if shown else ''}"


def _sentences(scan: Scanned, places: Sequence[int]) -> list[str]:
    level = next((each for each in SAID if each in scan.sparsities), scan.sparsities[-1])
    return [scans.in_words(scan, places, level), scans.spared_in_words(scans.spared(scan, places))]
