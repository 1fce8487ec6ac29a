"""What `python -m analysis sensitivity` does: measures what is missing, prints what layers cost, suggests a method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from analysis.comparisons import budget
from analysis.comparisons import sensitivity as scans
from analysis.comparisons.budget import Unit
from analysis.comparisons.sensitivity import Scanned
from analysis.engine import measure
from analysis.engine.settings import settings
from analysis.measures.sensitivity import options_of
from analysis.results.store import Results
from pruning.cli.progress_bar import ProgressBar
from pruning.errors import UserError
from pruning.study.folder import Study

SAID = (0.9, 0.8)
"""The sparsity that the sentence is about, and the one in its place where that was not tried."""


def run(study: Study, keep: float | None, of: Unit, root: Path | None, jobs: int, threads: int) -> None:
    """Scan the dense networks as far as that is not done, and print what came of it.

    Raises:
        UserError: the study asks for no scan, or the budget cannot be met.
    """
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
    for criterion in options.sensitivity:
        scan = scans.scanned(rows, criterion, seeds) if len(rows) else None
        if scan is None:
            continue
        for title, places in (("clean", [0]), ("mean of the corruptions", scan.corrupted)):
            if places:
                display.console.print(_table(scan, places, f"{criterion}, {title}: points of accuracy lost"))
                for sentence in _sentences(scan, places):
                    display.console.print(sentence.replace("**", ""), highlight=False, soft_wrap=True)
        if keep is not None:
            found = budget.suggest(scan, [0], keep, of)
            lines = budget.method_lines(found, f"{criterion}_spent", criterion, options.sensitivity_structure)
            display.console.print(f"\n{lines}\n", highlight=False, soft_wrap=True)


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
