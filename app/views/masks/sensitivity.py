"""Sensitivity: what each layer costs when it is pruned alone, and a budget spent where that is least."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import budget
from analysis.comparisons import sensitivity as scans
from analysis.comparisons.sensitivity import Scanned
from analysis.corruptions import label_of
from analysis.corruptions.conditions import CLEAN
from app import load
from app.shell import families, layout, verdicts
from app.shell.folds import fold
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.masks.charts import sensitivity as charts
from pruning.criteria import CRITERIA
from pruning.errors import UserError

TABLE = "sensitivity"
MEAN = "corrupted"
MEANINGS = {
    "layers": 'the layer that is pruned, or coupled ones with " + " between',
    "condition": "the images shown",
    "sparsity": "share of its weights that is to go [fraction]",
    "removed": "share that goes, less where whole pieces go [fraction]",
    "difference": "accuracy of the whole network minus that of the pruned one, mean over seeds [fraction]",
    "weights": "weights of the layer",
    "share": "share of its weights that the suggestion removes [fraction]",
}
KEEP = ["50", "40", "30", "20", "15", "10", "7", "5", "3"]


def has(selection: Selection) -> bool:
    """Whether the study has a scan."""
    return bool(load.results(selection.study.path).ids(TABLE))


def show(selection: Selection) -> None:
    """Draw the section."""
    kinds = load.query(selection.study, f"SELECT DISTINCT kind FROM {TABLE} ORDER BY kind")["kind"].tolist()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        criterion = selection.pick("scan", "Weights chosen by", {kind: _label(kind) for kind in kinds}, width="content")
        scan = scan_of(selection, criterion)
        if scan is None:
            layout.empty("No dense network of this study was scanned by that criterion.")
            return
        where = selection.pick("scanned", "Images", _images(scan), width="content")
        places = _places(scan, where)
        levels = {f"{100 * each:g}": f"{100 * each:g} %" for each in scan.sparsities}
        default = "90" if "90" in levels else None
        sparsity = selection.pick("cut", "Removed of the layer", levels, default=default, kind="select", width=150)
        level = dict(zip(levels, scan.sparsities, strict=True))[sparsity]
    within = verdicts.equivalence(selection)
    images = "" if where == CLEAN[0] else f" under {_images(scan)[where].lower()}"
    st.markdown(scans.in_words(scan, places, level, images))
    st.markdown(scans.spared_in_words(scans.spared(scan, places, within), within) + _unable(scan))
    left, right = st.columns([1, 1.7], gap="medium")
    with left:
        _costs_card(selection, scan, places, level, images)
    with right:
        _curves_card(selection, scan, level)
    _budget(selection, scan, criterion, places, images)


def _label(criterion: str) -> str:
    return CRITERIA[criterion].label if criterion in CRITERIA else criterion


def _images(scan: Scanned) -> dict[str, str]:
    """The images that may be asked about, for the chooser."""
    named = {name: "Clean" if name == CLEAN[0] else label_of(name) for name, _ in scan.conditions}
    return named | ({MEAN: "Mean of the corruptions"} if len(scan.corrupted) > 1 else {})


def _places(scan: Scanned, where: str) -> list[int]:
    if where == MEAN:
        return scan.corrupted
    return [place for place, (name, _) in enumerate(scan.conditions) if name == where]


def scan_of(selection: Selection, criterion: str) -> Scanned | None:
    """The scan of the study's dense networks by a criterion; None where there is none."""
    study = selection.study
    found: Scanned | None = _scanned(study.path, study.stamp, study.name, criterion)
    return found


@st.cache_resource(max_entries=8, show_spinner="Reading the scan …")
def _scanned(path: Path, stamp: str, name: str, criterion: str) -> Scanned | None:
    study = load.open_study(name, path)
    seeds = {key: entry.recipe.seed for key, entry in families.entries(study).items() if entry.recipe.is_dense}
    return scans.scanned(load.table(study, TABLE, ids=sorted(seeds)), criterion, seeds)


def _unable(scan: Scanned) -> str:
    """What cannot be pruned, as further sentences."""
    if not scan.unable:
        return ""
    named = "; ".join(f"{layout.plain(name)} ({why.rstrip('.')})" for name, why in scan.unable.items())
    return f" Not pruned, so nothing is known of: {named}."


def _costs_card(selection: Selection, scan: Scanned, places: Sequence[int], level: float, images: str) -> None:
    table = scans.costs(scan, places, level)
    seeds = len(scan.whole)
    speaks = "seeds and images" if seeds > 1 else "images, of one network"
    layout.card(
        f"Accuracy lost with {100 * level:g} % of a layer gone{images}",
        charts.costs(table, selection.theme),
        table,
        "sensitivity-costs",
        help="Each layer is pruned alone, by the criterion, and the network is not trained again.",
        caption=f"Filled: the interval leaves out 0. 95 % intervals over {speaks}, of all layers together (Holm); "
        f"{seeds} network{'s' if seeds > 1 else ''}, {scan.whole.shape[-1]:,} images.",
        config=layout.QUIET,
        meanings=MEANINGS | verdicts.MEANINGS,
    )


def _curves_card(selection: Selection, scan: Scanned, level: float) -> None:
    names = ["Clean" if name == CLEAN[0] else f"{label_of(name)} {severity}" for name, severity in scan.conditions]
    frames = [scans.curves(scan, [place]).assign(condition=name) for place, name in enumerate(names)]
    rows = pd.concat(frames, ignore_index=True)
    layout.card(
        "Accuracy lost over what is kept of a layer",
        charts.curves(rows, names, scan.layers, level, selection.theme),
        rows,
        "sensitivity-curves",
        help="From the first layer (strongest) to the last (palest). Where filters go, coupled layers are one.",
        caption="Means over seeds; the intervals at the sparsity chosen are in the other chart, all others in the CSV.",
        config=layout.QUIET,
        meanings=MEANINGS | verdicts.MEANINGS,
    )


def _budget(selection: Selection, scan: Scanned, criterion: str, places: Sequence[int], images: str) -> None:
    """A suggested allocation, as a method of a study file."""
    with fold("Spend a budget where it hurts least", "spend", ":material/savings:") as opened:
        if not opened:
            return
        with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
            keep = selection.pick("keep", "Kept", {each: f"{each} %" for each in KEEP}, default="10", width="content")
            units = {"weights": "Of the weights", "multiply-adds": "Of the multiply-adds"}
            unit = selection.pick("unit", "Counted", units, width="content")
        try:
            found = budget.suggest(scan, places, float(keep) / 100, "weights" if unit == "weights" else "multiply-adds")
        except UserError as error:
            layout.empty(str(error))
            return
        st.markdown(
            f"Keeping {keep} % of the {unit}{images}: the layers' rises of the cross-entropy add up to "
            f"{found.rise:.2f} nats before any training. They need not add up in one network, so this is a suggestion "
            "and no forecast; put the method into a study file, and it is found and trained like any other."
        )
        rows = pd.DataFrame({"layers": list(found.layers), "share": list(found.layers.values())})
        left, right = st.columns([1, 1.2], gap="medium")
        with left:
            layout.card("What each layer loses", charts.shares(rows, selection.theme), rows, "sensitivity-budget",
                        config=layout.QUIET, meanings=MEANINGS)  # fmt: skip
        with right:
            structure = str(selection.study.config.analysis.get("sensitivity_structure", "weight"))
            st.code(budget.method_lines(found, f"{criterion}_spent", criterion, structure), "toml", wrap_lines=True)


SECTION = Section(
    "masks", "sensitivity", "Sensitivity", 90, show, "Which layer minds being pruned, and where is it cheap?", shown=has
)
