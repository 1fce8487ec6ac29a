"""What the URL's parameters mean in a study: tickets, baseline, seed, marked samples.

Values that make no sense are passed over and named in the selection's notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from app.load import StudyView
from app.shell import theme as colours
from app.shell.image_sets import SAMPLES, in_link
from app.shell.selection import Chosen, Selection
from app.shell.theme import Mode
from app.shell.url import LIST, passed_over
from pruning.criteria import CRITERIA
from pruning.study.config import Method

PREFERRED_SPARSITY = 0.9
MOST_TICKETS = 6
"""Chosen at first, the dense network among them: so many a chart can name beside its lines."""


def resolve(study: StudyView, parameters: Mapping[str, str], mode: Mode) -> Selection:
    """The selection that URL parameters mean in a study. Pure: what cannot be used becomes a note, never an error."""
    found = study.tickets
    notes: list[str] = []
    seed = _seed(study, parameters.get("seed"), notes)
    keys = _keys(study, parameters.get("tickets"), notes)
    baseline_key = _baseline(study, parameters.get("baseline"), notes)
    shown = dict.fromkeys([*keys, *([baseline_key] if baseline_key else [])])
    first = found.drop_duplicates("key").set_index("key")
    by_key = colours.styles(
        [(key, first.at[key, "method"], float(first.at[key, "sparsity"]), first.at[key, "label"]) for key in shown],
        study.methods,
        mode,
        study.originals,
    )
    chosen = {
        row.key: Chosen(
            row.ticket_id, row.key, row.label, row.method, row.method_label,
            float(row.sparsity), int(row.seed), whole(row.kept), whole(row.total), by_key[row.key],
        )
        for row in found[found["seed"] == seed].itertuples()
        if row.key in by_key
    }  # fmt: skip
    missing = [first.at[key, "label"] for key in keys if key not in chosen]
    if missing:
        notes.append(f"Not found for seed {seed}: {', '.join(missing)}.")
    styles = {row.ticket_id: by_key[row.key] for row in found.itertuples() if row.key in by_key}
    samples = _samples(study, parameters.get(SAMPLES), notes)
    tickets = [chosen[key] for key in keys if key in chosen]
    baseline = chosen.get(baseline_key) if baseline_key else None
    return Selection(study, colours.get(mode), seed, keys, tickets, baseline, samples, styles, notes)


def default_keys(study: StudyView) -> list[str]:
    """The tickets chosen at first; see `first_keys`."""
    return first_keys(study.tickets, study.originals, {method.title: _kind(method) for method in study.config.methods})


def _kind(method: Method) -> str:
    """What a method has in common with others: its finder; of scores, whether they are chance, and of which weights."""
    criterion = CRITERIA.get(str(method.options.get("criterion")))
    scored = f" {criterion.by_chance} {criterion.score_on}" if criterion else ""
    return method.finder + scored


def first_keys(
    tickets: pd.DataFrame, originals: Mapping[str, str] | None = None, kinds: Mapping[str, str] | None = None
) -> list[str]:
    """The dense network and every method at 90 %, or at the sparsity nearest to it that the study has.

    Where fewer than a third of the methods are there, it is the sparsity at which most are.

    Of more than `MOST_TICKETS` those that are made from another (`originals`: method -> the method it is made from) are
    left out. Of the rest the first of each kind (`kinds`: method -> its kind) come first, then the second; within a
    round those that were pruned to the most sparsities.
    """
    pruned = tickets[(tickets["method"] != colours.DENSE) & (tickets["sparsity"] > 0)]
    at = pruned.groupby("sparsity")["method"].nunique().to_dict()
    level = min(at, key=_from_preferred, default=None)
    if level is not None and 3 * at[level] < pruned["method"].nunique():
        level = min(at, key=lambda value: (-at[value], *_from_preferred(value)))
    wanted = tickets[(tickets["method"] == colours.DENSE) | (tickets["sparsity"] == level)]
    if wanted["method"].nunique() > MOST_TICKETS:
        wanted = wanted[~wanted["method"].isin(list(originals or {}))]
    methods = [method for method in dict.fromkeys(wanted["method"]) if method != colours.DENSE]
    spread = tickets.groupby("method")["sparsity"].nunique().to_dict()
    rounds = Counter[str]()
    turns = {}
    for method in sorted(methods, key=lambda method: -spread[method]):
        kind = (kinds or {}).get(method, method)
        turns[method] = rounds[kind]
        rounds[kind] += 1
    most = sorted(turns, key=turns.__getitem__)[: MOST_TICKETS - 1]
    wanted = wanted[wanted["method"].isin([colours.DENSE, *most])]
    return list(dict.fromkeys(wanted["key"]))


def _from_preferred(sparsity: float) -> tuple[float, float]:
    """How far a sparsity is from the one that is chosen at first; of two as near the lower one comes first."""
    return abs(sparsity - PREFERRED_SPARSITY), sparsity


def _seed(study: StudyView, asked: str | None, notes: list[str]) -> int:
    seeds = study.seeds
    default = study.detail_seed if study.detail_seed in seeds or not seeds else seeds[0]
    if asked is None or asked in map(str, seeds):
        return int(asked) if asked else default
    notes.append(passed_over("seed", asked))
    return default


def _keys(study: StudyView, asked: str | None, notes: list[str]) -> list[str]:
    order = list(dict.fromkeys(study.tickets["key"]))
    if asked is None:
        return default_keys(study)
    if asked == "none":
        return []
    wanted = [key for key in asked.split(LIST) if key]
    unknown = [key for key in wanted if key not in order]
    notes.extend(passed_over("tickets", key) for key in dict.fromkeys(unknown))
    known = [key for key in order if key in wanted]
    return known if known else default_keys(study)


def _baseline(study: StudyView, asked: str | None, notes: list[str]) -> str | None:
    order = list(dict.fromkeys(study.tickets["key"]))
    if asked is None or asked in order:
        return asked or study.baseline
    notes.append(passed_over("baseline", asked))
    return study.baseline


def _samples(study: StudyView, asked: str | None, notes: list[str]) -> np.ndarray | None:
    try:
        samples, gone = in_link(study, asked or "")
    except ValueError:
        notes.append("The selected images in the link could not be read and are left out.")
        return None
    notes += [gone] if gone else []
    return samples if len(samples) else None


def whole(count: float) -> int:
    """A count; 0 where it is not known."""
    return 0 if np.isnan(count) else int(count)
