"""What `python -m analysis reproduce` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.table import Table
from rich.text import Text

from analysis.reproductions import REPRODUCTIONS, by_year
from analysis.reproductions.family import Finding, count, family
from analysis.reproductions.report import summary, write
from analysis.reproductions.running import Show, kept
from analysis.reproductions.running import run as run_one
from pruning.cli.console import PlainConsole
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


COLOURS = {"holds": "green", "does not hold": "red", "within noise": "yellow", "not counted": "dim"}


def run(names: Sequence[str], root: Path, report: Path, jobs: int, on: str) -> None:
    """Run the named reproductions (all when none is named), print what they come out as, write the page.

    A page that tells of others, which were not run here, stays as it is.
    """
    chosen = [REPRODUCTIONS.get_known(name) for name in names] or by_year()
    console = PlainConsole()
    for each in chosen:
        run_one(each, root, jobs, _Bars(), on)
        console.print(_table(f"{each.title} ({each.paper})", _found(root)[each.name]))
        lost = _write(root, report)
    said = f"Wrote {report}."
    if lost:
        said = (
            f"{report} stays as it is: it has results of {len(lost)} reproductions that were not run here, such as "
            f"{lost[0]}. Corrections above are over those that were. --report writes another page."
        )
    console.print(f"{said} Next: make app shows the studies, too.", highlight=False, soft_wrap=True)


def show(root: Path) -> None:
    """List the reproductions with what their last runs came out as."""
    found, table = _found(root), Table()
    for column in ("name", "paper", "findings", "hold", "by Holm", "by BH"):
        table.add_column(column, no_wrap=column == "name")
    for each in by_year():
        counts = count(found.get(each.name, []))
        held = [str(number) for number in (counts.counted, counts.hold, counts.by_holm, counts.by_share)]
        table.add_row(each.name, each.paper, *(held if each.name in found else ["", "not run", "", ""]))
    console = PlainConsole()
    console.print(table)
    if found:
        console.print(summary(count(finding for own in found.values() for finding in own)).replace("**", ""))


def _found(root: Path) -> dict[str, list[Finding]]:
    """The findings of all that was run, as one family."""
    outcomes = {each.name: kept(each, root) for each in by_year()}
    return family({name: outcome.claims for name, outcome in outcomes.items() if outcome})


def _write(root: Path, report: Path) -> list[str]:
    found = {each.name: kept(each, root) for each in by_year()}
    return write(report, by_year(), {name: outcome for name, outcome in found.items() if outcome})


def _table(title: str, findings: Sequence[Finding]) -> Table:
    table = Table(title=title, show_lines=True)
    for column in ("finding", "the paper", "here", "p", ""):
        table.add_column(column)
    for finding in findings:
        claim, words = finding.claim, Text(finding.verdict, COLOURS[finding.verdict])
        by = f"\n{finding.together}" if finding.together else ""
        ours = f"{claim.number}\n{claim.measured}"
        table.add_row(claim.finding, claim.paper, ours, f"{claim.p:.2g}" if finding.counts else "", words.append(by))
    return table
