"""Neighbours in the feature space itself: how many a ticket keeps, which images lose most, and who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.neighbours import CLOSE, Retraining, against_retraining, intervals, kept, most_changed
from analysis.comparisons.verdicts import against, verdicts
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.metrics.neighbours import NEIGHBOURS, NOBODY, by_chance, jaccard
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT
from app.assets import read
from app.condition import condition_text
from app.inspector.asked import inspect
from app.memory.remembered import computed
from app.pictures.grid import Item, gallery, picture
from app.shell import layout
from app.shell.folds import fold
from app.shell.selection import Chosen, Selection
from app.views.geometry.charts import neighbours as charts
from app.views.geometry.spaces import MOST, Spaces

COUNTS = ["5", str(NEIGHBOURS), "30", "50"]
SHOWN = 16
NEAREST = 8
"""Neighbours of an image that are shown as pictures."""


def shared(
    selection: Selection, spaces: Spaces, chosen: Sequence[Chosen], condition: Condition
) -> dict[str, np.ndarray]:
    """Ticket id -> of each image the Jaccard index [N], with the baseline's space, or of clean and corrupted."""
    ids = [ticket.id for ticket in chosen]
    k = count(selection)
    if condition != CLEAN:
        clean, corrupted = (spaces.near(ids, each, k) for each in (CLEAN, condition))
        return {ticket: jaccard(clean[ticket], corrupted[ticket]) for ticket in ids}
    if selection.baseline is None:
        return {}
    near = spaces.near([*ids, selection.baseline.id], CLEAN, k)
    base = near[selection.baseline.id]
    return {ticket: jaccard(near[ticket], base) for ticket in ids if ticket != selection.baseline.id}


def count(selection: Selection) -> int:
    """How many neighbours make a neighbourhood, as the URL says."""
    return int(selection.option("neighbours", str(NEIGHBOURS), COUNTS))


def answer(selection: Selection, spaces: Spaces, chosen: Sequence[Chosen], condition: Condition) -> str:
    """Whether tickets change neighbours more than retraining does, or keep fewer than the baseline when corrupted."""
    if spaces.images is None or selection.baseline is None:
        return ""
    keys = list(dict.fromkeys([selection.baseline.key, *(ticket.key for ticket in chosen)]))
    every, spaces = spaces, spaces.some()  # of every training of each ticket, which are many
    few = "" if spaces is every else f" Among {MOST:,} of the images, evenly spaced."
    names, base = {ticket.key: ticket.label for ticket in [selection.baseline, *chosen]}, selection.baseline.key
    what = (str(selection.study.path), selection.study.stamp, spaces.kind, tuple(keys), base, count(selection))
    if condition == CLEAN:
        found = computed(
            ("retraining", *what), lambda: against_retraining(_spaces(selection, spaces, keys, CLEAN), base)
        )
        said = retraining_text(found, names, selection.baseline.label)
        return said and said + few
    own = computed(
        ("kept", *what, condition),
        lambda: kept(*(_spaces(selection, spaces, keys, each) for each in (CLEAN, condition))),
    )
    table = against(verdicts(own, keys, equivalence=CLOSE), base)
    said = corrupted_text(intervals(own), table, names, base, condition_text(condition))
    return said and said + few


def retraining_text(found: Retraining, names: Mapping[str, str], baseline: str) -> str:
    """What pruning changes beside what retraining changes, as markdown."""
    if found.table.empty:
        return ""
    base = layout.plain(baseline)
    if not found.table["verdict"].astype(bool).any():
        row = found.table.sort_values("shared").iloc[0]
        return (
            f"{layout.plain(names[row['key']])} and {base} share **{row['shared']:.2f} of an image's neighbourhood** "
            f"({row['shared_low']:.2f} to {row['shared_high']:.2f}; Jaccard index). With {_trainings(found.seeds)} "
            "nothing can be said of how much training again would change."
        )
    table = found.table[found.table["verdict"] != ""]
    more = table[(table["verdict"] == DIFFERS) & (table["difference"] < 0)].sort_values("shared")
    noise = f"two trainings of {base} share {found.shared:.2f} ({found.low:.2f} to {found.high:.2f})"
    if len(more):
        told = ", ".join(f"{layout.plain(names[row.key])} {row.shared:.2f}" for row in more.itertuples())
        said = f"**Pruning changes neighbours more than retraining does** for {told}: {noise}"
    else:
        row = table.sort_values("shared").iloc[0]
        said = f"{layout.plain(names[row['key']])} shares {row['shared']:.2f} of a neighbourhood with {base}, {noise}"
    rest = {
        "no more than retraining": table[(table["verdict"] == DIFFERS) & (table["difference"] > 0)],
        f"as much as retraining, within {CLOSE:g}": table[table["verdict"] == EQUIVALENT],
        "cannot be told from retraining": table[table["verdict"] == CANNOT_TELL],
    }
    parts = [f"{_listed(own, names)}: {text}" for text, own in rest.items() if len(own)]
    return said + "".join(f"; {part}" for part in parts) + ". All are compared between different seeds."


def corrupted_text(
    means: pd.DataFrame, table: pd.DataFrame, names: Mapping[str, str], baseline: str, condition: str
) -> str:
    """How much of the clean neighbourhoods is kept under a corruption, and by whom less, as markdown."""
    own = means.set_index("key")
    if baseline not in own.index:
        return ""
    row = own.loc[baseline]
    said = (
        f"Under {condition} {layout.plain(names[baseline])} keeps **{row['shared']:.2f} of an image's neighbourhood** "
        f"({row['shared_low']:.2f} to {row['shared_high']:.2f}; Jaccard index)"
    )
    for word, rows in (
        ("less", table[(table["verdict"] == DIFFERS) & (table["difference"] < 0)]),
        ("more", table[(table["verdict"] == DIFFERS) & (table["difference"] > 0)]),
        (f"as much, within {CLOSE:g}", table[table["verdict"] == EQUIVALENT]),
        ("cannot tell", table[table["verdict"] == CANNOT_TELL]),
    ):
        if len(rows):
            told = ", ".join(f"{layout.plain(names[key])} {own.at[key, 'shared']:.2f}" for key in rows["a"])
            said += f"; {word}: {told}"
    over = "" if table.empty or (table["over"] == "seeds").all() else " One seed: this is about these networks."
    return f"{said}.{over}"


def _trainings(seeds: int) -> str:
    return "one training" if seeds == 1 else f"{seeds} trainings"


def _listed(rows: pd.DataFrame, names: Mapping[str, str]) -> str:
    return ", ".join(layout.plain(names[key]) for key in rows["key"])


def _spaces(
    selection: Selection, spaces: Spaces, keys: Sequence[str], condition: Condition
) -> dict[str, dict[int, np.ndarray]]:
    """Key -> seed -> neighbours of each image, of every training of the tickets."""
    rows = selection.all_seeds(keys).drop_duplicates(["key", "seed"])
    near = spaces.near(rows["ticket_id"].tolist(), condition, count(selection))
    found: dict[str, dict[int, np.ndarray]] = {key: {} for key in keys}
    for row in rows.itertuples():
        found[str(row.key)][int(str(row.seed))] = near[str(row.ticket_id)]
    return found


def show(
    selection: Selection,
    spaces: Spaces,
    chosen: list[Chosen],
    samples: pd.DataFrame,
    shared: Mapping[str, np.ndarray],
    condition: Condition,
) -> None:
    """Draw the distribution, the images whose neighbourhoods changed most, and the neighbours of one."""
    if not shared or spaces.images is None:
        return
    k = count(selection)
    labels = samples.drop_duplicates("sample").set_index("sample")["label"]
    against = f"with {selection.baseline.label}" if condition == CLEAN and selection.baseline else "clean and corrupted"
    table = pd.concat(
        [pd.DataFrame({"ticket_id": ticket, "sample": labels.index, "shared": own[labels.index]}) for ticket, own in
         shared.items()], ignore_index=True,
    )  # fmt: skip
    styles = {ticket.id: ticket.style for ticket in chosen if ticket.id in shared}
    chance = by_chance(len(spaces.images.labels), min(k, len(spaces.images.labels) - 1))
    layout.card(
        f"Neighbours kept: of an image's {k} nearest, {against}",
        charts.distribution(table, styles, selection.theme, chance),
        table.assign(ticket=table["ticket_id"].map({ticket: style.label for ticket, style in styles.items()})),
        "neighbours",
        help="Jaccard index of each image's neighbourhoods in two feature spaces: 1, the same neighbours; 0, none in "
        "common. Neighbours are exact, by Euclidean distance among the features, and need no map. Line: the mean; "
        f"dotted: what chance gives, {chance:.3f}. A column compares the trainings of the seed shown.",
        controls=lambda: selection.pick("neighbours", "Neighbours", COUNTS, default=str(NEIGHBOURS), width="content"),
        config=layout.QUIET,
        meanings={"shared": "Jaccard index of the image's two neighbourhoods, 0 to 1"},
    )
    order = most_changed({ticket: own[labels.index] for ticket, own in shared.items()})
    order["sample"] = labels.index.to_numpy()[order["sample"]]
    asked = bool(selection.option("sample"))
    with fold("The images whose neighbours changed most, and who their neighbours are", expanded=asked) as opened:
        if opened:
            left, right = st.columns([5, 7], gap="medium")
            with left:
                picked = _most_changed(selection, spaces, order, labels)
            with right:
                _inspector(selection, spaces, chosen, picked, condition)


def _most_changed(selection: Selection, spaces: Spaces, order: pd.DataFrame, labels: pd.Series) -> int:
    """The images whose neighbourhood changed most, to choose from; returns the one chosen."""
    assert spaces.images is not None
    classes, shown = selection.study.classes, order.head(SHOWN)
    asked = selection.option("sample")
    picked = int(asked) if asked.isdecimal() and int(asked) in labels.index else int(shown["sample"].iloc[0])
    items = [
        Item(
            sample,
            picture(spaces.images.images[sample].numpy()),
            f"Image {sample}, {classes[int(labels[sample])]}: {share:.2f} of its neighbours kept",
            classes[int(labels[sample])],
            f"{share:.2f}",
            1 - share,
        )
        for sample, share in zip(shown["sample"].tolist(), shown["shared"].tolist(), strict=True)
    ]
    with st.container(border=True, key="card-most-changed"):
        layout.header(
            "Neighbourhoods that changed most",
            order,
            "most-changed",
            "The mean over the tickets side by side; the bar is what is lost. Click an image to see its neighbours.",
            images=False,
            meanings={
                "shared": "Jaccard index of the image's two neighbourhoods, the mean over tickets, 0 to 1",
                "tickets": "in how many tickets nothing of its neighbourhood is kept",
            },
        )
        gallery(items, picked, selection.theme.bad, partial(inspect, selection))
    return picked


def _inspector(
    selection: Selection, spaces: Spaces, chosen: Sequence[Chosen], picked: int, condition: Condition
) -> None:
    """The image and its nearest in each ticket's space, as pictures framed by whether the ticket is right on them."""
    assert spaces.images is not None
    tickets = list({t.id: t for t in [*([selection.baseline] if selection.baseline else []), *chosen]}.values())
    near = spaces.near([ticket.id for ticket in tickets], condition, count(selection))
    found = spaces.features([ticket.id for ticket in tickets], condition)
    classes, theme = selection.study.classes, selection.theme

    def image(sample: int, ticket: Chosen) -> str:
        right, said = found[ticket.id].right[sample], classes[int(found[ticket.id].predictions[sample])]
        title = f"Image {sample}, {classes[int(found[ticket.id].labels[sample])]}, predicted {said}"
        assert spaces.images is not None
        source = picture(spaces.images.images[sample].numpy())
        return (
            f'<figure style="--frame:{theme.good if right else theme.bad}" title="{escape(title)}">'
            f'<img src="{source}" alt="{escape(title)}"><figcaption>{escape(said)}</figcaption></figure>'
        )

    rows = ""
    for ticket in tickets:
        own = [int(sample) for sample in near[ticket.id][picked, :NEAREST] if sample != NOBODY]
        pictures = "".join(image(sample, ticket) for sample in own) or "<em>nobody is nearer than others</em>"
        rows += (
            f'<div class="name"><i style="background:{ticket.style.color}"></i>{escape(ticket.style.label)}</div>'
            f'<div class="own">{image(picked, ticket)}</div><div class="near">{pictures}</div>'
        )
    where = "" if condition == CLEAN else f", {condition_text(condition)}"
    with st.container(border=True, key="card-neighbours-of"):
        name = layout.plain(classes[int(found[tickets[0].id].labels[picked])])
        st.markdown(
            f"**Image {picked}, {name}: its {NEAREST} nearest{where}**",
            help="At the left the image, then its nearest in each ticket's feature space, the nearest first. Below: "
            "what the ticket takes them for; framed blue where that is right, orange where not.",
        )
        st.html(f'<style>{read("neighbours.css")}</style><div class="neighbours">{rows}</div>')
