"""The page of the reproductions: each paper's findings and numbers, ours, and whether they hold, as Markdown."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.family import ALPHA, Count, Finding, count, family
from analysis.reproductions.running import ReproductionResult
from pruning.files import write_atomically
from pruning.study.commands import shared

INTRO = """\
# Reproductions

The headline findings of the lottery-ticket papers, put to the test on data that are embedded, at the scale of minutes
on two cores. `make reproduce` runs all of them and writes this page; nothing here is written by hand.

A finding **holds** where the whole 95 % interval of our number lies beyond the bound that its row names (0, or no
difference, where it names none): by itself it would do so by chance in 2.5 % of cases. It **does not hold** where the
whole interval lies on the other side, and is **within noise** where the bound is inside. That a finding does not hold
here says something of networks this small and trainings this short, and nothing of the paper's own scale.

With so many findings some hold by chance, so all of them are corrected as one family. What holds after Holm's
correction holds together with a chance of 2.5 % that any of it is false; after that of Benjamini & Hochberg (BH) 2.5 %
of what holds is expected to be false. Each row gives the one-sided p of its finding and both corrected ones. A finding
that could not have come out otherwise, or is the number of another one, is **not counted**; below its table stands
why. Intervals and p are over seeds, on the same test images.

Settings were chosen for the time they take; where one was chosen by a look at results, so that there is something to
see, the section says so, and the seeds looked at are not among those that count. What is compared has the same number
of epochs, unless the row says otherwise.

Minutes are of processors, all processes taken together: two cores take a little more than half of them.
"""
UNEXPLAINED = "Why it comes out otherwise here is not known."


def write(path: Path, reproductions: Sequence[Reproduction], outcomes: Mapping[str, ReproductionResult]) -> list[str]:
    """Write the page, whole or not at all.

    Returns the names of reproductions without an outcome of which the page there tells one: then it stays as it is.
    """
    there = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    missing = [each for each in reproductions if each.name not in outcomes]
    lost = [each.name for each in missing if _anchor(each) in there and _not_run(each) not in there]
    if not lost:
        write_atomically(path, page(reproductions, outcomes))
    return lost


def page(reproductions: Sequence[Reproduction], outcomes: Mapping[str, ReproductionResult]) -> str:
    """The page's text; a reproduction without an outcome is listed as not run."""
    found = family({name: outcome.claims for name, outcome in outcomes.items()})
    parts = [INTRO, _overview(reproductions, found)]
    parts += [_section(each, outcomes.get(each.name), found.get(each.name, [])) for each in reproductions]
    return "\n".join(parts)


def summary(found: Count) -> str:
    """How many findings hold, by themselves and together, in a paragraph."""
    return (
        f"Of {found.counted} findings **{found.hold} hold** one by one, {found.fail} do not, and {found.noise} cannot "
        f"be told from noise. Corrected for their number, **{found.by_holm} hold by Holm** and **{found.by_share} by "
        f"Benjamini & Hochberg**; of those that do not hold, {found.fail_by_holm} do not by Holm. Were none true, "
        f"{ALPHA * found.counted:.0f} would hold one by one. {found.uncounted} more are not counted."
    )


def _overview(reproductions: Sequence[Reproduction], found: Mapping[str, Sequence[Finding]]) -> str:
    rows = [("paper", "finding", "here", "together")]
    for each in reproductions:
        own = [(finding.claim.finding, *_verdict(finding)) for finding in found.get(each.name, [])]
        own = own or [("", "not run", "")]
        link = f"[{each.title}](#{each.name})"
        rows += [(link if position == 0 else "", *row) for position, row in enumerate(own)]
    counts = summary(count(finding for own in found.values() for finding in own))
    return f"{counts} (On {_machine()}.)\n\n{_table(rows)}\n"


def _verdict(finding: Finding) -> tuple[str, str]:
    return f"**{finding.verdict}**", finding.together


def _section(reproduction: Reproduction, outcome: ReproductionResult | None, found: Sequence[Finding]) -> str:
    study = f"analysis/reproductions/studies/{reproduction.name}/study.toml"
    head = f"{_anchor(reproduction)}\n\n## {reproduction.title}\n\n{reproduction.paper}. {reproduction.scale}\n"
    if outcome is None:
        return f"{head}\n{_not_run(reproduction)}\n"
    took = "" if outcome.seconds is None else f", {max(0.1, outcome.seconds / 60):.1f} minutes of one core"
    ran = f"`{_command(reproduction)}` ([study.toml](../{study})): {outcome.tickets} tickets{took}, {outcome.day}."
    rows = [("finding", "the paper", "here, with 95 % interval", "p (Holm, BH)", "", "together")]
    rows += [
        (
            finding.claim.finding,
            finding.claim.paper or "no number",
            _ours(finding.claim),
            _p(finding),
            *_verdict(finding),
        )
        for finding in found
    ]
    notes = _notes(found)
    return "\n".join([head, ran, "", _table(rows), "", *notes, *([""] if notes else [])])


def _anchor(reproduction: Reproduction) -> str:
    return f'<a id="{reproduction.name}"></a>'


def _command(reproduction: Reproduction) -> str:
    return shared("analysis", "reproduce", reproduction.name)


def _not_run(reproduction: Reproduction) -> str:
    return f"Not run yet: `{_command(reproduction)}`."


def _notes(findings: Sequence[Finding]) -> list[str]:
    """What else is to be known of the findings, said once where it is the same for several."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        claim = finding.claim
        why = claim.why or (UNEXPLAINED if finding.counts and claim.verdict == "does not hold" else "")
        for words in (why, f"Not counted: {finding.uncounted}" if finding.uncounted else ""):
            if words:
                found.setdefault(words, []).append(claim.finding)
    return [f"- {' '.join(findings)} {why}" for why, findings in found.items()]


def _p(finding: Finding) -> str:
    if not finding.counts:
        return ""
    return f"{_small(finding.claim.p)} ({_small(finding.holm)}, {_small(finding.share)})"


def _small(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


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
