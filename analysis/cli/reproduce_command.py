"""What `python -m analysis reproduce` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis.reproductions import REPRODUCTIONS, by_year
from analysis.reproductions.claims import Claim
from analysis.reproductions.report import write
from analysis.reproductions.running import Show, kept
from analysis.reproductions.running import run as run_one
from pruning.cli.progress_bar import ProgressBar
from pruning.cli.run_display import RunDisplay
from pruning.progress import Progress
from pruning.study.folder import Study
from pruning.study.runner import Watcher


class _Bars(Show):
    """Bars in the terminal, first of the tickets, then of what is measured."""

    @contextmanager
    def finding(self, study: Study) -> Iterator[tuple[Progress, Watcher]]:
        with RunDisplay(study) as display:
            yield display.tell, display

    @contextmanager
    def measuring(self, study: Study) -> Iterator[Progress]:
        with ProgressBar(f"measuring {study.config.title}") as bar:
            yield bar.tell


COLOURS = {"holds": "green", "does not hold": "red", "within noise": "yellow"}


def run(names: Sequence[str], root: Path, report: Path, jobs: int) -> None:
    """Run the named reproductions (all when none is named), print what they come out as, write the page."""
    chosen = [REPRODUCTIONS.get_known(name) for name in names] or by_year()
    console = Console()
    for each in chosen:
        outcome = run_one(each, root, jobs, _Bars())
        console.print(_table(f"{each.title} ({each.paper})", outcome.claims))
        _write(root, report)
    console.print(f"Wrote {report}. Next: make app shows the studies, too.", highlight=False, soft_wrap=True)


def show(root: Path) -> None:
    """List the reproductions with what their last runs came out as."""
    table = Table()
    for column in ("name", "paper", "findings", "hold"):
        table.add_column(column)
    for each in by_year():
        outcome = kept(each, root)
        claims = outcome.claims if outcome else []
        held = str(sum(claim.verdict == "holds" for claim in claims)) if outcome else "not run"
        table.add_row(each.name, each.paper, str(len(claims)) if outcome else "", held)
    Console().print(table)


def _write(root: Path, report: Path) -> None:
    found = {each.name: kept(each, root) for each in by_year()}
    write(report, by_year(), {name: outcome for name, outcome in found.items() if outcome})


def _table(title: str, claims: Sequence[Claim]) -> Table:
    table = Table(title=title, show_lines=True)
    for column in ("finding", "the paper", "here", ""):
        table.add_column(column)
    for claim in claims:
        colour = COLOURS[claim.verdict]
        table.add_row(claim.finding, claim.paper, f"{claim.number}\n{claim.measured}", f"[{colour}]{claim.verdict}[/]")
    return table
