"""What `python -m analysis reproduce` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis.reproductions import get_reproduction, reproductions
from analysis.reproductions.claims import Claim
from analysis.reproductions.report import write
from analysis.reproductions.running import kept
from analysis.reproductions.running import run as run_one

COLOURS = {"holds": "green", "does not hold": "red", "within noise": "yellow"}


def run(names: Sequence[str], root: Path, report: Path, jobs: int) -> None:
    """Run the named reproductions (all when none is named), print what they come out as, write the page."""
    chosen = [get_reproduction(name) for name in names] or list(reproductions().values())
    console = Console()
    for each in chosen:
        outcome = run_one(each, root, jobs)
        console.print(_table(f"{each.title} ({each.paper})", outcome.claims))
        _write(root, report)
    console.print(f"Wrote {report}. Next: make app shows the studies, too.", highlight=False, soft_wrap=True)


def show(root: Path) -> None:
    """List the reproductions with what their last runs came out as."""
    table = Table()
    for column in ("name", "paper", "findings", "hold"):
        table.add_column(column)
    for each in reproductions().values():
        outcome = kept(each, root)
        claims = outcome.claims if outcome else []
        held = str(sum(claim.verdict == "holds" for claim in claims)) if outcome else "not run"
        table.add_row(each.name, each.paper, str(len(claims)) if outcome else "", held)
    Console().print(table)


def _write(root: Path, report: Path) -> None:
    found = {name: kept(each, root) for name, each in reproductions().items()}
    write(report, list(reproductions().values()), {name: outcome for name, outcome in found.items() if outcome})


def _table(title: str, claims: Sequence[Claim]) -> Table:
    table = Table(title=title, show_lines=True)
    for column in ("finding", "the paper", "here", ""):
        table.add_column(column)
    for claim in claims:
        colour = COLOURS[claim.verdict]
        table.add_row(claim.finding, claim.paper, f"{claim.number}\n{claim.measured}", f"[{colour}]{claim.verdict}[/]")
    return table
