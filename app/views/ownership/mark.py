"""The owner's code in the kernel map of the signed ticket, after an attack of choice, with what is wrong marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import ownership
from analysis.comparisons.ownership import Picture
from analysis.metrics import attacks_on_marks as attacks
from analysis.metrics.theft import Loot
from analysis.results.stamps import file_stamp
from app import load
from app.shell import layout
from app.shell.selection import Selection
from app.views.ownership import words
from app.views.ownership.charts import mark as charts
from app.views.ownership.facts import View, owners_code
from pruning.ownership.code import Code
from pruning.study.folder import TICKETS

SHOWN = (
    (attacks.NONE, 0.0),
    (attacks.MAGNITUDE, attacks.STEPS[2]),
    (attacks.MAGNITUDE, attacks.STEPS[4]),
    (attacks.RANDOM, attacks.STEPS[2]),
    (attacks.ADD_ON, attacks.ADDED[3]),
    (attacks.PERMUTED, 0.0),
    (attacks.REALIGNED, 0.0),
)
"""The attacks that can be looked at, of those that are measured."""

FIRST = SHOWN[1]

MEANINGS = {
    "row": "place in the code from the top, from 0 [modules]",
    "column": "place in the code from the left, from 0 [modules]",
    "code": "whether the owner's code is dark there",
    "alive": "whether the kernel under it keeps any weight",
    "shared": "whether every text of this length has the same there, so that it is no evidence",
}


def card(selection: Selection, view: View) -> None:
    """Draw the card; where the owner's text is not on this machine, say so."""
    study = selection.study
    own = view.shipped
    row = own[own["seed"] == selection.seed] if (own["seed"] == selection.seed).any() else own.head(1)
    ticket, seed = str(row["ticket_id"].iloc[0]), int(row["seed"].iloc[0])
    code = owners_code(study, ticket)
    if code is None:
        layout.empty(
            "The owner's text is not on this machine, so that the code cannot be drawn.",
            "The numbers are those that were measured where it is.",
        )
        return
    options = {f"{name}-{100 * strength:.3g}": words.attack(name, strength) for name, strength in SHOWN}
    first = f"{FIRST[0]}-{100 * FIRST[1]:.3g}"
    asked = selection.option("attack", first, list(options))
    name, strength = SHOWN[list(options).index(asked)]
    found = _picture(
        study.path, ticket, file_stamp(study.path / TICKETS / f"{ticket}.safetensors"), name, strength, code
    )
    layout.card(
        "The code in the mask: " + options[asked],
        charts.mark(found, selection.theme),
        lambda: _table(found),
        "mark",
        help="A kernel is alive where the mask keeps any of its weights, and stands for a dark module. Left: what the "
        "owner put there. Middle: what is there now, in the window that agrees best, its wrong modules in colour. "
        "Right: all kernels of the layer, the window outlined. Corners, timing, format, length and padding, which all "
        "texts of this length share, are no evidence: they are neither compared nor coloured.",
        caption=_caption(found, code, seed),
        config=layout.QUIET,
        meanings=MEANINGS,
        controls=lambda: selection.pick("attack", "What a thief did", options, first, "select", width=320),
    )  # fmt: skip


@st.cache_data(max_entries=32, show_spinner="Looking for the code …")
def _picture(path: Path, ticket_id: str, stamp: str, name: str, strength: float, code: Code) -> Picture:
    ticket = load.folder(path).load(ticket_id)
    attack = attacks.attack_of(name, strength)
    stolen = attack.make(Loot.of(ticket))
    return ownership.picture(attack.seen(stolen, ticket.masks, code), code)


def _caption(found: Picture, code: Code, seed: int) -> str:
    proof = found.evidence
    read = f"A QR reader reads “{proof.text}”." if proof.text == code.text else "A QR reader does not read it."
    return (
        f"Seed {seed}. {proof.bits - proof.matches} of {proof.bits} modules are wrong ({100 * proof.ber:.1f} %), "
        f"p = {words.p_value(proof.p_value)} in the best of {proof.windows} windows. {read}"
    )


def _table(found: Picture) -> pd.DataFrame:
    rows, columns = np.indices(found.code.shape)
    return pd.DataFrame(
        {
            "row": rows.ravel(), "column": columns.ravel(), "code": found.code.ravel(),
            "alive": found.there.ravel(), "shared": found.shared.ravel(),
        }
    )  # fmt: skip
