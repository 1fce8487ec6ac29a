"""How alike the layers of two tickets are on clean images: a ticket and its dense network, two seeds of a method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.engine.base import Column, Context, Measure, Pair
from analysis.engine.groups import per_condition
from analysis.measures.representations import clean_layers, matters
from analysis.metrics.cka import cka
from pruning.finders.base import dense_recipe
from pruning.study.folder import Entry
from pruning.training.recording import of_elsewhere

DENSE, SEED = "dense", "seed"


def partners(entries: Sequence[Entry]) -> Mapping[str, Sequence[Pair]]:
    """Whom each ticket is held against: its dense network, and the next seed of its family, in a circle.

    That of a recorded ticket is the study's own of the same seed.
    """
    known = {entry.id: entry for entry in entries}
    families: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.recipe.seed):
        families[entry.recipe.family].append(entry)
    found: dict[str, list[Pair]] = {entry.id: [] for entry in entries}
    own = {each.recipe.seed: each for each in entries if each.recipe.is_dense and each.recipe.of is None}
    for entry in entries:
        here = of_elsewhere(entry.info.recording) is None
        dense = known.get(dense_recipe(entry.recipe).id) if here else own.get(entry.recipe.seed)
        if dense is not None and dense.id != entry.id:
            found[entry.id].append(Pair(dense, DENSE))
    for family in families.values():
        for first, second in zip(family, [*family[1:], family[0]], strict=True):
            if first.id != second.id:
                found[first.id].append(Pair(second, SEED))
    return {ticket: pairs for ticket, pairs in found.items() if pairs}


def measured(context: Context) -> pd.DataFrame:
    """The rows of a pair: every layer of the ticket with every layer of the other."""
    assert context.partner is not None
    own, other = clean_layers(context, context.ticket), clean_layers(context, context.partner)
    alike = cka(own.grams, other.grams)
    return pd.DataFrame(
        [
            (context.partner.id, context.relation, layer, place, second, float(alike[place, at]))
            for place, layer in enumerate(own.layers)
            for at, second in enumerate(other.layers)
        ],
        columns=list(MEASURE.columns),
    )


MEASURE = Measure(
    name="alignment",
    meaning="how alike the layers of two tickets are on clean images",
    of="pair",
    needs=frozenset({"inner layers", "images", "partner"}),
    rows=measured,
    pairs=partners,
    matters=matters,
    cost=lambda parts, images, macs: 2 * per_condition(min(images, 1000), macs),
    columns={
        "other": Column("str", "", "id of the ticket held against"),
        "relation": Column(
            "str",
            "",
            '"dense": `other` is the dense network of the same seed; "seed": it is another seed of the same method',
        ),
        "layer": Column("str", "", "the layer, by its name in the network"),
        "position": Column("i16", "", "place of the layer in the network, from 0"),
        "other_layer": Column("str", "", "the layer of `other`"),
        "cka": Column("rounded", "", "debiased linear CKA between the two layers, at most about 1"),
    },
)
