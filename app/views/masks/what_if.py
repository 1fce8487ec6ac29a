"""What if: the dense network pruned by hand, layer by layer, and what it still gets right, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
import torch

from analysis.comparisons.budget import Suggested, method_lines
from analysis.corruptions import label_of
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.what_if import BLOCKS, COUPLED, LAYERS, ByHand, Seen, Tried, against_whole, total, try_out
from analysis.metrics import overlap
from analysis.statistics.verdicts import DIFFERS, EQUIVALENCE, EQUIVALENT
from app import live, load
from app.shell import layout, work
from app.shell.guard import fragment
from app.shell.score import points
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.masks import by_sliders
from pruning.criteria import CRITERIA
from pruning.data.base import used_rows
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.masks import Masks
from pruning.study.adding import add_method
from pruning.study.commands import finding, measuring
from pruning.study.known import is_shipped
from pruning.training.precision import pick_device

IMAGES = 1000
UNDER: dict[str, Condition] = {
    name: (name, 3) for name in ("fog", "gaussian_noise", "defocus_blur", "contrast", "jpeg_compression")
}
WRITTEN = "what was kept by hand"
"""Of the session: the study and the lines that were written into its file last."""
TOGETHER = {LAYERS: "Each layer", COUPLED: "Each layer, coupled ones as one", BLOCKS: "Each block"}


def show(selection: Selection) -> None:
    """Draw the section."""
    study = selection.study
    dense = study.tickets[study.tickets["key"].isin(study.dense) & (study.tickets["seed"] == selection.seed)]
    if dense.empty:
        layout.empty("There is no dense network of this seed to prune by hand.")
        return
    shown = live.images(study)
    if shown is None:
        return
    if shown.data is None:
        layout.empty("The training data, which criteria look at, are not on this machine.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        known = {name: each.label for name, each in CRITERIA.items() if each.structure is None and not each.by_chance}
        criterion = selection.pick(by_sliders.CRITERION, "Weights chosen by", known, default=by_sliders.USUAL,
                                   kind="select", width=190)  # fmt: skip
        texts = {name: f"{label_of(name)} 3" for name in UNDER}
        under = selection.pick("hand-under", "And under", texts, kind="select", width=210)
        together = selection.pick("hand-layers", "A slider for", TOGETHER, kind="select", width=250)
    _tried(selection, str(dense["ticket_id"].iloc[0]), criterion, UNDER[under], together, shown)


@fragment
def _tried(
    selection: Selection, ticket: str, criterion: str, condition: Condition, together: str, shown: TestImages
) -> None:
    """The sliders, and what follows from them; nothing else of the page runs when one is let go."""
    if st.session_state.pop(by_sliders.WENT, False):
        st.rerun()
    study = selection.study
    stamp = load.stamp(study.path)
    by_hand = _by_hand(study.path, ticket, stamp, criterion, shown)
    name = f"{study.name} {ticket}"
    first = st.container()
    left, right = st.columns([1, 1.35], gap="large")
    with left:
        tried = by_sliders.sliders(selection, name, by_hand.groups, together, criterion)
    with right:
        masks = by_hand.masks({(each,): share for each, share in tried.here.shares.items()})
        where = (CLEAN, condition)
        seen = [_seen(study.path, ticket, stamp, each, by_hand, shown) for each in where]
        whole = _whole(study.path, ticket, stamp, where, seen)
        found = dict(zip(where, zip(try_out(masks, seen), whole, strict=True), strict=True))
        tried.here.kept = 1 - total(masks)
        tried.here.accuracies |= {_title(each): own.accuracy for each, (own, _) in found.items()}
        tried.states[0].accuracies |= {_title(each): own.accuracy for each, (_, own) in found.items()}
        first.markdown(sentence(masks, found))
        _tiles(masks, found)
        _overlaps(selection, masks)
        by_sliders.tree(selection, tried, [_title(each) for each in where])
        _keep(selection, masks, tried.here.shares, by_hand, criterion)


@st.cache_resource(max_entries=4, show_spinner="Scoring the network …")
def _by_hand(path: Path, ticket: str, stamp: str, criterion: str, _shown: TestImages) -> ByHand:
    assert _shown.data is not None
    return ByHand(load.folder(path).load(ticket), criterion, Trainer(_shown.data, pick_device()))


@st.cache_resource(max_entries=4, show_spinner="Making the images …")
def _seen(path: Path, ticket: str, stamp: str, condition: Condition, _by_hand: ByHand, _shown: TestImages) -> Seen:
    """At most `IMAGES` test images under a condition, evenly spaced, as the network is shown them."""
    rows = torch.arange(len(_shown))[used_rows(len(_shown), IMAGES)]
    network = _by_hand.network
    return Seen(network, _shown.some(condition, rows, torch.device("cpu"), network.macs), _shown.labels[rows])


@st.cache_resource(max_entries=32, show_spinner=False)
def _whole(path: Path, ticket: str, stamp: str, where: Sequence[Condition], _seen: Sequence[Seen]) -> list[Tried]:
    """The accuracies of the network before anything is pruned by hand."""
    return try_out({}, _seen)


def _title(condition: Condition) -> str:
    return "Clean" if condition == CLEAN else f"{label_of(condition[0])} {condition[1]}"


def sentence(masks: Masks, results: Mapping[Condition, tuple[Tried, Tried]]) -> str:
    """What the pruning by hand is shown to cost, as markdown; it speaks of this network and claims no more."""
    if not total(masks):
        return "Nothing is removed: this is the whole network. Move a slider to prune it."
    table = against_whole([tried for tried, _ in results.values()], [whole for _, whole in results.values()])
    said = []
    for where, row in zip(results, table.to_dict("records"), strict=True):
        low, high = (100 * abs(row[end]) for end in ("low", "high"))
        size = f"{100 * abs(row['difference']):.1f} points ({min(low, high):.1f} to {max(low, high):.1f})"
        images = "clean images" if where == CLEAN else _title(where).lower()
        if row["verdict"] == DIFFERS:
            said.append(f"on {images} it is **{'less' if row['difference'] < 0 else 'more'} accurate** by {size}")
        elif row["verdict"] == EQUIVALENT:
            said.append(f"on {images} it is **as accurate** within {points(EQUIVALENCE)}")
        else:
            least = points(row["detectable"])
            said.append(f"on {images} **one cannot tell** ({least} or more would have shown)")
    kept = f"{100 * (1 - total(masks)):.1f} %"
    return f"With {kept} of its weights, against the whole of this network: {'; '.join(said)}."


def _tiles(masks: Masks, results: Mapping[Condition, tuple[Tried, Tried]]) -> None:
    """What is kept, and the accuracy under each condition beside that of the whole network."""
    kept = sum(int(mask.sum()) for mask in masks.values())
    items = [("Weights kept", f"{100 * (1 - total(masks)):.1f} %", f"{kept:,} weights")]
    for where, (tried, whole) in results.items():
        note = f"{100 * tried.low:.1f} to {100 * tried.high:.1f}; whole {100 * whole.accuracy:.1f} %"
        items.append((f"{_title(where)}, accuracy", f"{100 * tried.accuracy:.1f} %", note))
    layout.tiles(items)
    st.caption("Wilson's 95 % intervals over at most 1,000 test images; this one network, not trained again.")


def _overlaps(selection: Selection, masks: Masks) -> None:
    """How much the mask has in common with those of the chosen tickets."""
    chosen = [ticket for ticket in selection.tickets if ticket.key not in selection.study.dense]
    if not chosen:
        return
    own: dict[str, object] = {"by hand": masks} | {each.id: load.packed(selection.study, each.id) for each in chosen}
    try:
        found = overlap.pairwise(overlap.count(own))["by hand"]
    except UserError as error:
        st.caption(str(error))
        return
    styles = selection.styles
    texts = [(styles[each.id], f"{100 * found[each.id]:.0f} %") for each in chosen if each.id in styles]
    layout.chips("Overlap of its mask (Jaccard) with", texts)


def _keep(selection: Selection, masks: Masks, shares: Mapping[str, float], by_hand: ByHand, criterion: str) -> None:
    """The sliders as a method: its lines, and into the study's file where that is the user's own."""
    single = [name for (name,) in by_hand.groups[LAYERS]]
    layers = {name.removesuffix(".weight"): shares.get(name, 0.0) for name in single}
    with st.expander("Keep it as a method", icon=":material/save:"):
        name = st.text_input("Name", "by_hand", key="name of what is kept", max_chars=40)
        lines = method_lines(Suggested(layers, total(masks), 0.0), name, criterion)
        st.code(lines, "toml", wrap_lines=True)
        path = selection.study.path
        if is_shipped(path):
            st.caption("This study ships with the project and stays as it is; put the lines into a study of your own.")
        else:
            _offer_to_write(path, lines, bool(name.strip()))


def _offer_to_write(path: Path, lines: str, named: bool) -> None:
    """A button that writes a method into the study's file; that it was is said as long as the method is the same."""
    if st.button("Write it into this study", disabled=not named):
        try:
            add_method(load.folder(path), lines)
        except UserError as error:
            st.error(str(error))
            return
        st.session_state[WRITTEN] = path, lines
    if st.session_state.get(WRITTEN) == (path, lines):
        st.success("It is written down. This finds, trains and measures it:")
        commands = f"{finding(path)}\n{measuring(path)}"
        st.code(commands, "bash")
        work.offer(commands)


SECTION = Section(
    "masks",
    "what-if",
    "What if",
    95,
    show,
    "What does the network still know when you prune it by hand?",
    of_classifiers=True,
    shown=lambda selection: bool(selection.study.dense),
)
