"""2-D maps of the features of the clean test images."""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, Field
from torch import Tensor

from analysis.engine.base import Column, Context, Measure
from analysis.engine.settings import AnalysisConfig
from analysis.metrics import embedding
from analysis.metrics.faithfulness import MIN_SAMPLES, faithfulness
from pruning.data import normalise
from pruning.errors import UserError
from pruning.models import count_macs, features_and_logits
from pruning.study.folder import Entry
from pruning.ticket import Ticket
from pruning.training.precision import as_input, autocast, pick_device, pick_precision, prepare, settled

Kind = Literal["pca", "umap", "umap_joint"]

JOINT = "umap_joint"
SEED = 0
BATCH = 500
SECONDS = {"pca": 3e-4, "umap": 2.2e-3, JOINT: 2.2e-3}
"""About what a sample of a map takes on one core."""


class MapOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        embeddings: which maps are made.
        map_samples: a map shows at most so many of the test images, evenly spaced.
    """

    embeddings: list[Kind] = ["pca", "umap", "umap_joint"]
    map_samples: Annotated[int, Field(ge=5)] = 2000


def options_of(settings: AnalysisConfig) -> MapOptions:
    """The settings of the maps among a study's."""
    assert isinstance(settings, MapOptions)
    return settings


def kinds(settings: AnalysisConfig, images: int | None) -> Sequence[str]:
    """The maps asked for; of too few images there is none by neighbours."""
    options = options_of(settings)
    enough = images is None or min(images, options.map_samples) >= MIN_SAMPLES
    return [kind for kind in options.embeddings if kind == "pca" or enough]


def positions(samples: int, shown: int) -> np.ndarray:
    """Which of `samples` test images a map shows: int32 [min(samples, shown)], evenly spaced from first to last."""
    return np.linspace(0, samples - 1, min(samples, shown)).round().astype(np.int32)


def reference_of(entries: Sequence[Entry]) -> Entry:
    """The ticket whose map all joint maps are laid over: the dense network, or the first where there is none."""
    return next((entry for entry in entries if entry.recipe.is_dense), entries[0])


@torch.inference_mode()
def clean_features(ticket: Ticket, images: Tensor, device: str = "auto", precision: str = "auto") -> np.ndarray:
    """Features [N, D] (the classifier's input) of images uint8 [N, C, H, W]; precision as for `pick_precision`."""
    where, model = pick_device(device), ticket.model()
    macs = count_macs(model, ticket.info.shape)
    model, parts = prepare(model, where, macs), []
    with settled(macs), autocast(pick_precision(precision, macs, where), where):
        for batch in torch.split(images, BATCH):
            inputs = as_input(normalise(batch.to(where), ticket.info.mean, ticket.info.std), where, macs)
            parts.append(features_and_logits(model, inputs)[0].cpu())
    return torch.cat(parts).numpy()


def maps_of(context: Context) -> pd.DataFrame:
    """The maps of one ticket, as far as they are asked for and what they lie over is there.

    The reference's joint map is its own map.
    """
    shown = positions(len(context.images), options_of(context.settings).map_samples)
    features = clean_features(context.ticket, context.images.images[shown], precision=context.settings.precision)
    made: dict[str, np.ndarray] = {}
    frames = [pd.DataFrame({name: [] for name in MEASURE.columns})]
    for kind in [kind for kind in get_args(Kind) if kind in context.parts]:
        context.progress(len(made) / len(context.parts), f"{kind} map")
        try:
            xy = made[kind] = _map(context, kind, features, made)
        except UserError as error:
            context.problems.append(str(error))
            continue
        rows = {"kind": kind, "sample": shown, "x": xy[:, 0], "y": xy[:, 1]}
        quality = faithfulness(features, xy)
        rows["trustworthiness"] = quality.whole["trustworthiness"]
        frames.append(pd.DataFrame(rows | {"recall": quality.recall.astype(np.float32)}))
    return pd.concat(frames[1:] or frames, ignore_index=True)


def _map(context: Context, kind: str, features: np.ndarray, made: dict[str, np.ndarray]) -> np.ndarray:
    if kind == "pca":
        return embedding.pca(features)
    reference = context.reference
    if kind != JOINT or reference is None or reference.id == context.entry.id:
        return made["umap"] if "umap" in made else embedding.umap(features, SEED)
    rows = context.results.table("maps", ids=[reference.id], columns=["x", "y"], where=f"kind = '{JOINT}'")
    if not len(rows):
        raise UserError(f"There is no map of ticket {reference.id}, over which that of {context.entry.id} would lie.")
    place = reference.id, rows.to_numpy(np.float32)
    return embedding.umap_joint({context.entry.id: features}, SEED, place)[context.entry.id]


MEASURE = Measure(
    name="maps",
    meaning="2-D maps of the features",
    of="image",
    needs=frozenset({"weights", "images"}),
    rows=maps_of,
    detail=True,
    parts=kinds,
    reference=reference_of,
    follow=frozenset({JOINT}),
    options=MapOptions,
    by_machine=frozenset({"x", "y", "recall"}),  # UMAP makes of the last bit of a feature another map, as good
    matters=lambda settings, images: {"map_samples": min(images, options_of(settings).map_samples)},
    cost=lambda parts, images, macs: images * sum(SECONDS[kind] for kind in parts),
    columns={
        "kind": Column("str", "", 'how it is made: "pca", "umap", or "umap_joint", laid over the dense network\'s'),
        "sample": Column("i32", "", "place of the image among those used, from 0"),
        "x": Column("f32", "", "first coordinate"),
        "y": Column("f32", "", "second coordinate"),
        "trustworthiness": Column("f64", "", "of the whole map: whether its neighbours are neighbours, 0 to 1"),
        "recall": Column(
            "f32",
            "",
            "share of the image's 15 nearest by their features that are among its 15 nearest on the map, 0 to 1",
        ),
    },
    kinds=("pca", "umap", "umap_joint"),
)
