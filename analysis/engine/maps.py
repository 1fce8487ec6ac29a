"""Makes the table `maps` of a study: 2-D maps of the clean features of the detail seed's tickets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.engine.jobs import Tell
from analysis.metrics import embedding
from analysis.results.store import Results
from pruning.data import normalise
from pruning.models import count_macs, features_and_logits
from pruning.study.folder import Entry
from pruning.ticket import Ticket
from pruning.training.precision import as_input, autocast, pick_device, pick_precision, prepare, settled

JOINT = "umap_joint"
SEED = 0
BATCH = 500

Reference = tuple[str, np.ndarray]


def positions(samples: int, shown: int) -> np.ndarray:
    """Which of `samples` test images a map shows: int32 [min(samples, shown)], evenly spaced from first to last."""
    return np.linspace(0, samples - 1, min(samples, shown)).round().astype(np.int32)


def reference_of(detailed: Sequence[Entry]) -> Entry:
    """The ticket whose map all joint maps are laid over: the dense network, or the first where there is none."""
    return next((entry for entry in detailed if entry.recipe.is_dense), detailed[0])


def stored_reference(results: Results, ticket_id: str) -> Reference | None:
    """The joint map of a ticket, as it was stored."""
    rows = results.table("maps", ids=[ticket_id], columns=["x", "y"], where=f"kind = '{JOINT}'")
    return (ticket_id, rows.to_numpy(np.float32)) if len(rows) else None


@torch.inference_mode()
def clean_features(ticket: Ticket, images: Tensor, device: str = "auto") -> np.ndarray:
    """Features [N, D] (the classifier's input) of images uint8 [N, C, H, W]."""
    where, model = pick_device(device), ticket.model()
    macs = count_macs(model, ticket.info.shape)
    model, parts = prepare(model, where, macs), []
    with settled(macs), autocast(pick_precision("auto", macs, where), where):
        for batch in images.split(BATCH):
            inputs = as_input(normalise(batch.to(where), ticket.info.mean, ticket.info.std), where, macs)
            parts.append(features_and_logits(model, inputs)[0].cpu())
    return torch.cat(parts).numpy()


def maps_of(
    ticket_id: str,
    features: np.ndarray,
    kinds: Sequence[str],
    samples: np.ndarray,
    reference: Reference | None,
    tell: Tell,
) -> tuple[list[pd.DataFrame], Reference | None]:
    """The rows of the table `maps` for one ticket, a frame a kind, and the reference for the next joint map.

    `features` [M, D] are those of the test images `samples` [M]. Without a reference, this ticket becomes it.
    """
    frames: list[pd.DataFrame] = []
    made: dict[str, np.ndarray] = {}
    for kind in kinds:
        if kind == "pca":
            xy = embedding.pca(features)
        elif kind == JOINT and reference is None and "umap" in made:
            xy = made["umap"]  # the reference's joint map is its own map
        elif kind == JOINT:
            xy = embedding.umap_joint({ticket_id: features}, SEED, reference)[ticket_id]
        else:
            xy = embedding.umap(features, SEED)
        made[kind] = xy
        trust = embedding.trustworthiness(features, xy)
        frames.append(
            pd.DataFrame({"kind": kind, "sample": samples, "x": xy[:, 0], "y": xy[:, 1], "trustworthiness": trust})
        )
        tell(len(frames) / len(kinds), f"{kind} map")
    if reference is None and JOINT in made:
        reference = (ticket_id, made[JOINT])
    return frames, reference
