"""One image as networks see it: what they give each class, its way over severities, and whom they have near it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from analysis.comparisons.local_geometry import image_rows
from analysis.corruptions.conditions import Condition
from analysis.engine.images import TestImages
from analysis.engine.live import Features
from analysis.engine.networks import Network, largest
from analysis.engine.replay import Replayed
from analysis.metrics.neighbours import NOBODY, nearest
from pruning.errors import UserError

LITTLE = 0.01
"""A score below which a class does not matter."""


@dataclass(frozen=True, eq=False)
class Difference:
    """What a corruption does to the pixels of an image.

    Attributes:
        picture: uint8 [C, H, W], 128 where nothing changes, brighter where the corrupted image is, darker where it is.
        mean: the mean change of a value, as a share of the whole range, 0 to 1.
        row: that of the pixel that changes most, summed over the colours, from 0; the first of equals.
        column: of the same pixel.
    """

    picture: np.ndarray
    mean: float
    row: int
    column: int


def difference(clean: np.ndarray, corrupted: np.ndarray) -> Difference:
    """Compare two pictures, uint8 [C, H, W]. A change by half of the range or more is drawn as black or white."""
    change = corrupted.astype(np.int64) - clean
    row, column = np.unravel_index(int(np.abs(change).sum(axis=0).argmax()), change.shape[1:])
    drawn = np.clip(128 + change, 0, 255).astype(np.uint8)
    return Difference(drawn, float(np.abs(change).mean() / 255), int(row), int(column))


def see(
    networks: Mapping[str, Network], images: TestImages, sample: int, conditions: Sequence[Condition]
) -> tuple[np.ndarray, dict[str, Features]]:
    """Show one image under some conditions to networks.

    Args:
        networks: by name, all on one device.
        images: the test images.
        sample: the image's place among them.
        conditions: any but attacks, whose images are made for each network; one at least.

    Returns:
        (pictures uint8 [conditions, C, H, W], name -> what the network makes of them, in the same order).

    Raises:
        UserError: there is no such image, a condition is an attack, or a recorded network was not shown it.
    """
    if not 0 <= sample < len(images):
        raise UserError(f"There is no image {sample} among the {len(images):,} of this study.")
    if any(images.attacks(condition) for condition in conditions):
        raise UserError("The images of an attack are made for each network; choose another corruption.")
    device = next(iter(networks.values())).device if networks else torch.device("cpu")
    row, macs = torch.tensor([sample]), largest(networks)
    pictures = torch.cat([images.some(condition, row, device, macs) for condition in conditions])
    labels = images.labels[row].expand(len(conditions)).to(device)
    inputs: dict[object, torch.Tensor] = {}
    found = {}
    for name, network in networks.items():
        if isinstance(network, Replayed):
            output = network.replays(conditions, row)
        else:
            output = network.show(pictures, labels, inputs)
        parts = (output.features, output.logits, labels, network.weight, network.bias)
        features, logits, own, weight, bias = (each.detach().cpu().numpy() for each in parts)
        found[name] = Features(
            features.astype(np.float32), logits.astype(np.float32), own, weight, bias, network.without
        )
    return pictures.cpu().numpy(), found


def class_scores(seen: Mapping[str, Features], most: int = 5) -> pd.DataFrame:
    """What each network gives each class, of the classes that matter: the true one, then those given most.

    Args:
        seen: of `see`.
        most: so many classes at most.

    Returns:
        network, view (the place among the conditions), class (number), score (softmax of the logits, 0 to 1); the
        classes in the order of the greatest score that any network gives under any condition, the true one first.
    """
    scores = {name: softmax(own.logits.astype(np.float64), axis=1) for name, own in seen.items()}
    if not scores:
        return pd.DataFrame(columns=["network", "view", "class", "score"])
    greatest = np.nan_to_num(np.max([own.max(axis=0) for own in scores.values()], axis=0))
    truth = int(next(iter(seen.values())).labels[0])
    greatest[truth] = 2.0
    order = np.argsort(-greatest, kind="stable")[:most]
    classes = [number for place, number in enumerate(order) if place < 2 or greatest[number] >= LITTLE]
    rows = [
        (name, view, int(number), float(own[view, number]))
        for name, own in scores.items()
        for view in range(len(own))
        for number in classes
    ]
    return pd.DataFrame(rows, columns=["network", "view", "class", "score"])


def path(seen: Mapping[str, Features], clean: Mapping[str, Features]) -> pd.DataFrame:
    """Gap and length of the image under each condition.

    Args:
        seen: of `see`.
        clean: the same networks' features of all clean images.

    Returns:
        network, view, prediction, gap (degrees), centred_length, relative_length (in units of the mean of the
        network's clean images; nan where that is 0).
    """
    columns = ["network", "view", "prediction", "gap", "centred_length", "relative_length"]
    frames = []
    for name, own in seen.items():
        whole = clean[name]
        there = whole.features[np.isfinite(whole.features).all(axis=1)].astype(np.float64)
        unit = float(np.linalg.norm(there - whole.mean, axis=1).mean()) if len(there) else 0.0
        rows = image_rows(own, whole.mean).rename(columns={"sample": "view"})
        relative = rows["centred_length"] / (unit if unit > 0 else np.nan)
        frames.append(rows.assign(network=name, relative_length=relative)[columns])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def near(features: Features, query: np.ndarray, count: int, itself: int | None = None) -> pd.DataFrame:
    """Find the images nearest to one in a network's feature space, exactly.

    Args:
        features: of the images among which neighbours are looked for.
        query: [D], the image's feature, under any condition.
        count: so many, or as many as there are.
        itself: the image's own place among them, which is no neighbour of its own; None where it is not one of them.

    Returns:
        sample, distance, label, prediction, nearest first. No rows where nobody is nearer than others.
    """
    columns = ["sample", "distance", "label", "prediction"]
    finite = int(np.isfinite(features.features).all(axis=1).sum())
    asked = min(count + (itself is not None), finite)
    if asked < 1 or not np.isfinite(query).all():
        return pd.DataFrame(columns=columns)
    places, distances = (each[0] for each in nearest(features.features, asked, query[None]))
    kept = (places != NOBODY) & (places != (NOBODY if itself is None else itself))
    at = places[kept][:count].astype(np.int64)
    return pd.DataFrame(
        {
            "sample": at,
            "distance": distances[kept][:count],
            "label": features.labels[at],
            "prediction": features.predictions[at],
        }
    )
