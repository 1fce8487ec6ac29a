"""Studies: a second study of the same network and data beside the first, ticket by ticket."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.metrics import overlap
from analysis.comparisons import two_studies
from analysis.results.store import Results
from app.shell import layout, theme
from app.shell.pages import Page
from app import load
from app.views.studies.charts import agreement as charts
from app.charts.base import NOISE
from app.load import StudyView
from app.charts.mask_pairs import by_chance
from app.shell.parameters import default_keys
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from pruning.errors import UserError

BITS = ["ticket_id", "corruption", "severity", "n", "offsets"]
MEASURES = {two_studies.ACCURACY: "clean", two_studies.CORRUPTED: "corrupted, mean"}
SIDES = charts.SIDES


@dataclass(frozen=True)
class Pair:
    """The two studies, the keys chosen in each, and a style for each key of either."""

    one: StudyView
    other: StudyView
    keys: tuple[list[str], list[str]]
    styles: dict[str, Style]

    @property
    def names(self) -> tuple[str, str]:
        """What the studies are called; their folders too where the titles are the same."""
        if self.one.title != self.other.title:
            return self.one.title, self.other.title
        return f"{self.one.title} ({self.one.name})", f"{self.other.title} ({self.other.name})"


def show(selection: Selection) -> None:
    """Draw the page."""
    layout.page_title(
        "Studies",
        "Two studies of one network on the same test images: where do their tickets differ, and do they keep the same "
        "weights?",
    )
    fitting, refused = _others(selection.study)
    if not fitting:
        _nothing_fits(refused)
        return
    pair = _pick(selection, fitting)
    for keys, where, what in zip(pair.keys, ("at the left", "above"), ("this", "the second"), strict=True):
        if not keys:
            layout.empty(f"No ticket of {what} study is chosen.", f"Choose some {where}.")
            return
    table = _compared(pair)
    if table.empty:
        layout.empty(
            "No chosen ticket has results in either study under conditions that both measured.",
            "Choose others at the left, or measure the studies.",
            f"python -m analysis run {pair.one.path}\npython -m analysis run {pair.other.path}",
        )
    else:
        _accuracy_card(selection, pair, table)
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        _masks_card(selection, pair)
    with right:
        _settings_card(pair)
    if not table.empty:
        _table_card(pair, table)
    _refused(refused)


def _others(study: StudyView) -> tuple[dict[str, StudyView], list[str]]:
    """The studies that can be compared with this one by name, and why the others cannot, a sentence each."""
    fitting: dict[str, StudyView] = {}
    refused = []
    for name, path in load.studies().items():
        if name == study.name:
            continue
        try:
            other = load.open_study(name, path)
            why = two_studies.misfit(load.described(study), load.described(other))
        except UserError as error:
            why = f"it cannot be read: {error}".rstrip(".")
        else:
            why = why or ("it has no tickets yet" if other.tickets.empty else "")
            if not why:
                fitting[name] = other
                continue
        refused.append(f"{name}: {why}.")
    return fitting, refused


def _nothing_fits(refused: list[str]) -> None:
    layout.empty(
        "There is no other study of this network on these test images.",
        "Add one with the button beside the study menu, or name folders with studies in PRUNING_STUDIES.",
    )
    _refused(refused)


def _refused(refused: list[str]) -> None:
    if refused:
        layout.notes(["Studies that cannot be compared with this one:", *refused])


def _pick(selection: Selection, fitting: dict[str, StudyView]) -> Pair:
    """The choosers of the second study and of its tickets."""
    one = selection.study
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        names = {name: study.title if study.title != one.title else name for name, study in fitting.items()}
        other = fitting[selection.pick("second", "Second study", names, kind="select", width=320)]
        first = other.tickets.drop_duplicates("key").set_index("key")["label"]
        default = [key for key in selection.keys if key in first.index] or default_keys(other.tickets, other.originals)
        order = [key for key in dict.fromkeys(one.tickets["key"]) if key in first.index]  # the first study's
        options = {key: first[key] for key in dict.fromkeys([*order, *first.index])}
        keys = selection.pick_many("second-tickets", "Its tickets", options, default, kind="menu")
    return Pair(one, other, (list(selection.keys), keys), _styles(selection, other, keys))


def _styles(selection: Selection, other: StudyView, keys: list[str]) -> dict[str, Style]:
    """Key -> style. Keys of the first study look as on every page; those that only the second has take their place
    beside them."""
    one = selection.study
    both = pd.concat([one.tickets, other.tickets]).drop_duplicates("key").set_index("key")
    wanted = [
        (key, str(both.at[key, "method"]), float(both.at[key, "sparsity"]), str(both.at[key, "label"]))
        for key in dict.fromkeys([*selection.keys, *keys])
    ]
    found = theme.styles(
        wanted, [*one.methods, *other.methods], selection.theme.mode, {**other.originals, **one.originals}
    )
    here = dict(zip(one.tickets["key"], one.tickets["ticket_id"], strict=True))
    return {
        key: selection.styles.get(here.get(key, ""), style) if key in selection.keys else style
        for key, style in found.items()
    }


def _compared(pair: Pair) -> pd.DataFrame:
    return _table(
        (pair.one.name, pair.other.name), (pair.one.path, pair.other.path), (pair.one.stamp, pair.other.stamp),
        (tuple(pair.keys[0]), tuple(pair.keys[1])),
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner="Comparing the studies …")
def _table(
    names: tuple[str, str],
    paths: tuple[Path, Path],
    stamps: tuple[str, str],
    keys: tuple[tuple[str, ...], tuple[str, ...]],
) -> pd.DataFrame:
    views = [load.open_study(name, path) for name, path in zip(names, paths, strict=True)]
    seeds = [set(view.tickets["seed"]) for view in views]
    ids = [_ids(view, wanted, seeds[0] & seeds[1]) for view, wanted in zip(views, keys, strict=True)]
    rows = [
        Results(view.path).table("conditions", ids=[ticket for each in found.values() for ticket in each], columns=BITS)
        for view, found in zip(views, ids, strict=True)
    ]
    return two_studies.compare_studies(*two_studies.in_common(rows[0], rows[1], (ids[0], ids[1])))


def _ids(view: StudyView, keys: tuple[str, ...], common: set[int]) -> dict[str, list[str]]:
    """Key -> ids of its seeds, those first that both studies have, as seeds are paired in their order."""
    tickets = view.tickets.assign(alone=~view.tickets["seed"].isin(common)).sort_values(["alone", "seed"])
    return {key: tickets.loc[tickets["key"] == key, "ticket_id"].tolist() for key in keys}


def _accuracy_card(selection: Selection, pair: Pair, table: pd.DataFrame) -> None:
    paired = table[table["difference"].notna()]
    real = int((~paired["within_noise"].astype(bool)).sum())
    title = f"{real} of {len(paired)} differences exceed the noise" if len(paired) else "No ticket is in both studies"
    over = "seeds" if paired["over_seeds"].any() else "test images"
    layout.card(
        title,
        charts.dumbbells(table, pair.styles, pair.names, selection.theme),
        lambda: _long(pair, table),
        "studies",
        config=layout.QUIET,
        help="Solid: the first study, hollow: the second. Bars are 95 % intervals, over seeds, or over test images "
        "where there is one seed. A strong line joins tickets that differ beyond noise, a dotted one others. The "
        "corrupted mean is over the corruptions and severities that both studies measured.",
        caption=f"At the right: second minus first in points; {NOISE}: within noise. Each pair is tested on the same "
        f"test images, over {over}, with Holm's correction over all {len(paired)} tests.",
    )


def _masks_card(selection: Selection, pair: Pair) -> None:
    title = "Which weights both keep"
    rows, columns = _pruned(pair.one, pair.keys[0], selection.seed), _pruned(pair.other, pair.keys[1], selection.seed)
    alike = dict(load.described(pair.one).layers) == dict(load.described(pair.other).layers)
    if not rows or not columns or not alike:
        with st.container(border=True, key="card-between"):
            st.markdown(f"**{title}**")
            why = "a pruned ticket of each study is needed" if alike else "the two networks have other layers"
            layout.empty(f"No masks to compare: {why}.")
        return
    counts = load.overlaps_between([(pair.one, list(rows)), (pair.other, list(columns))])
    names = [f"0 {ticket}" for ticket in rows], [f"1 {ticket}" for ticket in columns]
    values = {metric: overlap.pairwise(counts, metric).loc[names[0], names[1]] for metric in ("adjusted", "jaccard")}
    chance = overlap.pairwise(by_chance(counts), "jaccard").loc[names[0], names[1]]
    labels = dict(zip(names[0], rows.values(), strict=True)), dict(zip(names[1], columns.values(), strict=True))
    long = values["adjusted"].stack(future_stack=True).rename("adjusted").reset_index()
    long.columns = pd.Index(["first", "second", "adjusted"])
    long["jaccard"], long["jaccard_by_chance"] = values["jaccard"].to_numpy().ravel(), chance.to_numpy().ravel()
    hover = [
        f"adjusted {row.adjusted:.3f} (chance 0)<br>Jaccard {row.jaccard:.3f}, by chance {row.jaccard_by_chance:.3f}"
        for row in long.itertuples()
    ]
    data = long.assign(first=long["first"].map(labels[0]), second=long["second"].map(labels[1]))
    layout.card(
        title,
        charts.between(
            values["adjusted"], np.array(hover, dtype=object).reshape(len(rows), -1), labels, selection.theme
        ),
        data,
        "between",
        config=layout.QUIET,
        help="Rows: tickets of the first study, columns: of the second. " + overlap.METRICS["adjusted"].help,
        caption=f"Masks of one seed each ({selection.seed}, where the study has it), so without an interval; 0 is what "
        "chance gives at these layers' sparsities.",
    )


def _pruned(view: StudyView, keys: list[str], seed: int) -> dict[str, str]:
    """Id -> label of the pruned tickets at a seed, or at the study's first where it has not that one."""
    seed = seed if seed in view.seeds else view.detail_seed if view.detail_seed in view.seeds else view.seeds[0]
    rows = view.tickets[view.tickets["key"].isin(keys) & (view.tickets["seed"] == seed)]
    rows = rows[rows["method"] != DENSE].sort_values("key", key=lambda names: names.map(keys.index), kind="stable")
    return dict(zip(rows["ticket_id"], rows["label"], strict=True))


def _settings_card(pair: Pair) -> None:
    frame = two_studies.settings_that_differ(pair.one.config, pair.other.config)
    if frame.empty:
        with st.container(border=True, key="card-settings"):
            st.markdown("**Both study files say the same**")
        return
    text = st.column_config.TextColumn
    layout.table_card(
        "What the two study files say differently",
        frame,
        "settings",
        columns={"setting": text("Setting"), "first": text("First study"), "second": text("Second study")},
        height=min(420, 38 + 35 * len(frame)),
    )


def _long(pair: Pair, table: pd.DataFrame) -> pd.DataFrame:
    """The rows for reading: names for keys, per cent and points, and a verdict in words."""
    rows = table.copy()
    shares = ["first", "first_low", "first_high", "second", "second_low", "second_high", "difference", "low", "high"]
    rows[shares] = 100 * rows[shares].astype(float)
    rows.insert(0, "ticket", rows["key"].map({key: style.label for key, style in pair.styles.items()}))
    rows.insert(1, "images", rows["measure"].map(MEASURES))
    alone = rows["difference"].isna()
    rows["verdict"] = np.where(alone, "only in one", np.where(rows["within_noise"], "within noise", "differs"))
    return rows.drop(columns=["key", "measure", "within_noise", "over_seeds"]).reset_index(drop=True)


def _table_card(pair: Pair, table: pd.DataFrame) -> None:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns: dict[str, object] = {"ticket": text("Ticket"), "images": text("Images"), "verdict": text("Verdict")}
    for side, name in zip(SIDES, ("First", "Second"), strict=True):
        columns[side] = number(f"{name} (%)", format="%.1f")
        columns |= {f"{side}_{end}": number(word, format="%.1f") for end, word in (("low", "from"), ("high", "to"))}
    columns["difference"] = number("Difference (points)", format="%+.1f", help="Second minus first.")
    columns |= {"low": number("from", format="%+.1f"), "high": number("to", format="%+.1f")}
    columns |= {"p": number("p", format="%.4f"), "p_holm": number("p (Holm)", format="%.4f")}
    bounds = {side: (f"{side}_low", f"{side}_high") for side in SIDES}
    layout.table_card(
        "Every ticket in both studies",
        _long(pair, table),
        "studies-table",
        columns=columns,
        caption=f"First: {pair.names[0]}. Second: {pair.names[1]}.",
        paper={"intervals": {**bounds, "difference": ("low", "high")}},
        height="content",
    )


PAGE = Page("studies", "Studies", ":material/compare_arrows:", 80, show)
