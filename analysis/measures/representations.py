"""What each inner layer makes of the images, clean and corrupted: are the classes there, in how many dimensions?"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from analysis.corruptions import family_of, severities_of
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.corruptions.registry import ARRAYS, FAMILIES
from analysis.engine.base import Column, Context, Measure
from analysis.engine.groups import per_condition
from analysis.engine.layer_pass import Layer, LayerOptions, Pass, used
from analysis.engine.layer_replay import looked_into
from analysis.engine.networks import Network
from analysis.engine.replay import network_of
from analysis.engine.settings import AnalysisConfig
from analysis.metrics import probes
from analysis.metrics.cka import cka
from analysis.metrics.collapse import COLLAPSE, neural_collapse
from analysis.metrics.dimension import effective_rank, two_nn
from pruning.ticket import Ticket
from pruning.training.precision import pick_device

KEPT = "clean layers"
MOST_BYTES = 250_000_000
"""Of clean Gram matrices that a process keeps, of the last tickets."""
NEIGHBOURS_OF = 500
"""Images that the intrinsic dimension is taken from: it depends on how densely they lie."""

Probes = tuple[tuple[probes.Probe, probes.Probe], tuple[probes.Probe, probes.Probe]]
"""The nearest class mean and ridge regression, each fitted on either half."""


@dataclass(frozen=True)
class Clean:
    """What is kept of a ticket on clean images: `metrics.cka.grams` by layer, and probes that were fitted there."""

    layers: tuple[str, ...]
    grams: Tensor
    probes: dict[str, Probes]


def of_images(condition: Condition) -> bool:
    """Whether inner layers are looked into under a condition: clean, and families that keep each image."""
    family = FAMILIES.get(family_of(condition[0]))
    return condition == CLEAN or family is None or (family.image_by_image and not family.needs_network)


def nearest_severity(settings: AnalysisConfig, condition: Condition) -> bool:
    """Whether the condition's severity is the one asked for, of its corruption."""
    assert isinstance(settings, LayerOptions)
    corruption, severity = condition
    if condition == CLEAN:
        return True
    there = severities_of(corruption) if family_of(corruption) != ARRAYS else settings.severities
    levels = [each for each in there if each in settings.severities] or list(there)
    # an array of one severity is measured at that, whatever is asked for
    return severity not in levels or severity == min(levels, key=lambda each: abs(each - settings.layer_severity))


def measured(context: Context) -> pd.DataFrame:
    """The rows of all conditions asked for, a row a layer."""
    network = network_of(context.ticket, pick_device(), context.settings.precision)
    rows = used(context.settings, len(context.images))
    conditions = [(name, int(severity)) for name, severity in (part.split(" ") for part in sorted(context.parts))]
    seen, clean = None, _kept(context, context.ticket.id)
    if clean is None or CLEAN in conditions:
        seen = looked_into(network, context.images, rows)
        clean = _keep(context, context.ticket.id, seen, network.classes)
    frames = []
    for place, condition in enumerate(conditions):
        context.progress(place / len(conditions), condition[0])
        under = seen if condition == CLEAN else looked_into(network, context.images, rows, condition)
        assert under is not None
        frames.append(layer_rows(under, clean, network, condition))
    return pd.concat(frames, ignore_index=True)


def clean_layers(context: Context, ticket: Ticket) -> Clean:
    """What is kept of any ticket of the study on clean images, by the last that this process measured or anew."""
    found = _kept(context, ticket.id)
    if found is None:
        network = network_of(ticket, pick_device(), context.settings.precision)
        seen = looked_into(network, context.images, used(context.settings, len(context.images)))
        found = _keep(context, ticket.id, seen, network.classes)
    return found


def _store(context: Context) -> OrderedDict[str, Clean]:
    return context.process.setdefault(KEPT, OrderedDict())  # type: ignore[return-value]


def _kept(context: Context, ticket: str) -> Clean | None:
    store = _store(context)
    if ticket in store:
        store.move_to_end(ticket)
    return store.get(ticket)


def fitted(seen: Pass, classes: int) -> Clean:
    """What is kept of a pass of the clean images, with probes fitted on each half of them."""
    found = {
        name: (
            probes.cross_fitted(probes.nearest_mean, layer.sketch, seen.labels, classes),
            probes.cross_fitted(probes.ridge, layer.sketch, seen.labels, classes),
        )
        for name, layer in seen.layers.items()
    }
    return Clean(tuple(seen.layers), seen.grams, found)


def _keep(context: Context, ticket: str, seen: Pass, classes: int) -> Clean:
    store = _store(context)
    store[ticket] = fitted(seen, classes)
    while len(store) > 1 and sum(each.grams.nbytes for each in store.values()) > MOST_BYTES:
        store.popitem(last=False)
    return store[ticket]


def layer_rows(seen: Pass, clean: Clean, network: Network, condition: Condition) -> pd.DataFrame:
    """The rows of a condition, from what came of the passes of it and of the clean images."""
    alike = cka(seen.grams, clean.grams).diagonal().tolist()
    rows = [
        {
            "corruption": condition[0],
            "severity": condition[1],
            "layer": name,
            "position": position,
            "n": len(seen.labels),
            "cka": 1.0 if condition == CLEAN else alike[position],
            **_read(layer, seen.labels, clean.probes[name], network.classes, condition == CLEAN),
            "rank": effective_rank(layer.sketch),
            "dimension": two_nn(layer.sketch[:NEIGHBOURS_OF]),
            "units": layer.units.count,
            "dead": layer.units.dead,
            "zeros": layer.units.sparsity,
            **dict.fromkeys(COLLAPSE, np.nan),
        }
        for position, (name, layer) in enumerate(seen.layers.items())
    ]
    if rows:
        rows[-1] |= neural_collapse(seen.features, seen.labels, seen.logits, network.weight.cpu())
    return pd.DataFrame(rows, columns=list(MEASURE.columns))


def _read(layer: Layer, labels: Tensor, known: Probes, classes: int, clean: bool) -> dict[str, float]:
    """The accuracies of the probes."""
    features = layer.sketch
    means, ridge = (probes.accuracy(each, features, labels) for each in known)
    again = probes.cross_fitted(probes.ridge, features, labels, classes) if not clean else known[1]
    return {"means": means, "ridge": ridge, "refitted": ridge if clean else probes.accuracy(again, features, labels)}


def matters(settings: AnalysisConfig, images: int) -> dict[str, object]:
    """How many images are shown; which severities, the parts say."""
    assert isinstance(settings, LayerOptions)
    return {"layer_samples": min(images, settings.layer_samples)}


MEASURE = Measure(
    name="representations",
    meaning="what each inner layer hands on, clean and under each corruption",
    of="layer",
    needs=frozenset({"inner layers", "images"}),
    rows=measured,
    conditions=of_images,
    asked=nearest_severity,
    options=LayerOptions,
    matters=matters,
    cost=lambda parts, images, macs: 2 * len(parts) * per_condition(min(images, 1000), macs),
    columns={
        "corruption": Column("str", "", "name of the corruption"),
        "severity": Column("i8", "", "1 (mild) to 5; 0 for the clean images"),
        "layer": Column("str", "", "the layer, by its name in the network; what it hands on is what the next takes in"),
        "position": Column("i16", "", "place of the layer in the network, from 0"),
        "n": Column("i32", "images", "test images shown, evenly spaced"),
        "cka": Column("rounded", "", "debiased linear CKA with the same layer on the clean images; 1 for these"),
        "means": Column(
            "rounded", "", "share of the images that are nearest to the mean of their class, means of clean images"
        ),
        "ridge": Column("rounded", "", "share that ridge regression reads right, fitted on clean images"),
        "refitted": Column("rounded", "", "share that ridge regression reads right, fitted under this condition"),
        "rank": Column("rounded", "", "effective rank: exponential of the entropy of the singular values"),
        "dimension": Column("rounded", "", "intrinsic dimension by the two nearest neighbours (TwoNN)"),
        "units": Column("i32", "units", "channels of a map, numbers of a vector"),
        "dead": Column("i32", "units", "of these, the ones that give the same whatever the image"),
        "zeros": Column("rounded", "", "share of the activations that are exactly 0"),
        "nc1": Column("rounded", "", "spread of the last features within classes against that between; 0 is collapse"),
        "nc2_norms": Column("rounded", "", "coefficient of variation of the lengths of the centred class means"),
        "nc2_angles": Column("rounded", "", "mean distance of their cosines from those of a simplex"),
        "nc3": Column("rounded", "", "distance of the class directions from the centred class means, both of norm 1"),
        "nc4": Column("rounded", "", "share of the images whose nearest class mean is not the network's choice"),
    },
)
