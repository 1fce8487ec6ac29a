"""The page of the reproductions: each paper's findings and numbers, ours, and whether they hold, as Markdown."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.running import ReproductionResult
from pruning.files import write_atomically

INTRO = """\
# Reproductions

The headline findings of the lottery-ticket papers, put to the test on data that are embedded, at the scale of minutes
on two cores. `make reproduce` runs all of them and writes this page; nothing here is written by hand.

A finding **holds** where the whole 95 % interval of our number lies beyond the bound that its row names (0, or no
difference, where it names none). It **does not hold** where the whole interval lies on the other side, and is **within
noise** where the bound is inside. That a finding does not hold here says something of networks this small and
trainings this short, and nothing of the paper's own scale. Settings were chosen for the time they take; where one was
chosen by a look at results, so that there is something to see, the section says so.

Minutes are of processors, all processes taken together: two cores take a little more than half of them.
"""
UNEXPLAINED = "Why it comes out otherwise here is not known."


def write(path: Path, reproductions: Sequence[Reproduction], outcomes: Mapping[str, ReproductionResult]) -> None:
    """Write the page, whole or not at all."""
    write_atomically(path, page(reproductions, outcomes))


def page(reproductions: Sequence[Reproduction], outcomes: Mapping[str, ReproductionResult]) -> str:
    """The page's text; a reproduction without an outcome is listed as not run."""
    parts = [INTRO, _overview(reproductions, outcomes)]
    parts += [_section(each, outcomes.get(each.name)) for each in reproductions]
    return "\n".join(parts)


def _overview(reproductions: Sequence[Reproduction], outcomes: Mapping[str, ReproductionResult]) -> str:
    rows = [("paper", "finding", "here")]
    for each in reproductions:
        outcome = outcomes.get(each.name)
        found = [(claim.finding, f"**{claim.verdict}**") for claim in outcome.claims] if outcome else [("", "not run")]
        link = f"[{each.title}](#{each.name})"
        rows += [(link if position == 0 else "", *row) for position, row in enumerate(found)]
    verdicts = [claim.verdict for outcome in outcomes.values() for claim in outcome.claims]
    summary = (
        f"Of {len(verdicts)} findings {verdicts.count('holds')} hold, {verdicts.count('does not hold')} do not, and "
        f"{verdicts.count('within noise')} cannot be told from noise (on {_machine()}).\n"
    )
    return f"{summary}\n{_table(rows)}\n"


def _section(reproduction: Reproduction, outcome: ReproductionResult | None) -> str:
    command = f"python -m analysis reproduce {reproduction.name}"
    study = f"analysis/reproductions/studies/{reproduction.name}/study.toml"
    head = (
        f'<a id="{reproduction.name}"></a>\n\n## {reproduction.title}\n\n{reproduction.paper}. {reproduction.scale}\n'
    )
    if outcome is None:
        return f"{head}\nNot run yet: `{command}`.\n"
    took = "" if outcome.seconds is None else f", {max(0.1, outcome.seconds / 60):.1f} minutes of one core"
    ran = f"`{command}` ([study.toml](../{study})): {outcome.tickets} tickets{took}, {outcome.day}."
    rows = [("finding", "the paper", "here, with 95 % interval", "")]
    rows += [
        (claim.finding, claim.paper or "no number", _ours(claim), f"**{claim.verdict}**") for claim in outcome.claims
    ]
    notes = _notes(outcome.claims)
    return "\n".join([head, ran, "", _table(rows), "", *notes, *([""] if notes else [])])


def _notes(claims: Sequence[Claim]) -> list[str]:
    """What else is to be known of the findings, said once where it is the same for several."""
    found: dict[str, list[str]] = {}
    for claim in claims:
        why = claim.why or (UNEXPLAINED if claim.verdict == "does not hold" else "")
        if why:
            found.setdefault(why, []).append(claim.finding)
    return [f"- {' '.join(findings)} {why}" for why, findings in found.items()]


def _ours(claim: Claim) -> str:
    none = 1.0 if claim.number.unit == "times" else 0.0
    bound = "" if claim.beyond == none else f"; the bound is {claim.beyond:g}"
    return f"{claim.number}<br>{claim.measured}, over {claim.number.repeats}{bound}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    return "\n".join(_row(row) for row in (head, ["---"] * len(head), *body))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _machine() -> str:
    return f"{platform.machine()}, torch {torch.__version__}"
