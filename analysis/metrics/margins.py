"""How far a feature lies from the decision boundaries of a linear classifier, in three senses.

The features that are given class y form a region, a polyhedron with a side {logit_y = logit_c} for each rival c. Of a
feature inside the region of its true class the distance to the nearest decision boundary says all. Of one outside,
which is misclassified, three distances may be meant, and all three are less than 0 here:

    margin: to the farthest of the sides it is beyond. It would have to go at least so far to be right.
    nearest_margin: to the nearest boundary of the region it lies in, that of the predicted class. So little would
        change the prediction, as a rule to yet another wrong class.
    region_margin: to the region of its true class. So far it would have to go to be right, never less than by `margin`.

See Elsayed et al., "Large Margin Deep Networks for Classification" (2018). All tensors are float64.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop

TOLERANCE = 1e-12
"""How far a side may still be violated, in the units of `_share`."""

EMPTY = 1e-9
"""A region 30,000 times as far away as its farthest side is taken for empty."""


def margin(logits: Tensor, labels: Tensor, gaps: Tensor) -> Tensor:
    """The least signed distance to a side of a class's region.

    It is min over c != y of (logit_y - logit_c) / ||w_y - w_c||.

    Args:
        logits: [N, K].
        labels: [N], the class y of each.
        gaps: [K, K], `geometry.class_gaps`.

    Returns [N]; infinite or nan where there is no finite distance.
    """
    lead = logits.gather(1, labels[:, None]) - logits
    gap = gaps[labels]
    # Division by a gap of 0 says the right thing of itself: +inf never binds, -inf cannot be won, and 0 / 0 is the tie.
    distance = torch.where((gap == 0) & (lead == 0), 0.0, lead / gap)
    own = torch.arange(logits.shape[1], device=logits.device) == labels[:, None]
    return distance.masked_fill(own, torch.inf).amin(dim=1)


def nearest_margin(logits: Tensor, labels: Tensor, gaps: Tensor) -> Tensor:
    """The distance to the nearest decision boundary, negative where the prediction is wrong.

    Arguments and what is returned as for `margin`.
    """
    predicted = logits.argmax(dim=1)
    distance = margin(logits, predicted, gaps)
    return torch.where(predicted == labels, distance, -distance)


def region_margin(logits: Tensor, labels: Tensor, gaps: Tensor, weight: Tensor) -> Tensor:
    """The signed distance to the border of the region of the true class, negative outside.

    Outside, it is that of the nearest point of the polyhedron {logit_y >= logit_c for all c}, found exactly as a
    problem of least distance (Lawson & Hanson, "Solving Least Squares Problems", 1974, chapter 23). Arguments as for
    `margin`, and the class directions, weight [K, D].

    Returns [N]; nan also where the region is empty, as no feature is ever given the class.
    """
    found = margin(logits, labels, gaps)
    wrong = torch.nonzero(found < 0)[:, 0]
    centred = weight - weight.mean(dim=0)  # what all have in common would cost digits, and changes no difference
    arrays = (logits[wrong], labels[wrong], gaps, centred @ centred.T)
    outside = torch.from_numpy(_distances(*(array.cpu().numpy() for array in arrays)))
    return found.index_put((wrong,), -outside.to(found.device))


@loop
def _distances(logits: np.ndarray, labels: np.ndarray, gaps: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Distances [N] to the labels' regions from logits [N, K] and the products [K, K] of the class directions."""
    found = np.full(len(labels), np.nan)
    for image in range(len(labels)):
        label = labels[image]
        lacking = logits[image] - logits[image, label]
        # Classes with the direction of y have no boundary with it: they always win, or never.
        if np.any((gaps[label] == 0.0) & (lacking > 0.0)) or not np.all(np.isfinite(lacking)):
            continue
        norms = np.where(gaps[label] > 0.0, gaps[label], np.inf)
        beyond = lacking / norms
        farthest = beyond.max()
        share = _share(beyond / farthest, norms, products, label)
        if share < 1.0 - EMPTY:
            found[image] = farthest * np.sqrt(share / (1.0 - share))
    return found


@loop
def _share(beyond: np.ndarray, norms: np.ndarray, products: np.ndarray, label: int) -> float:
    """d^2 / (1 + d^2) of the distance d to a region, from how far the feature is beyond each side, [K].

    With unit normals n_c, the weights u >= 0 that bring the sum of u_c (n_c, beyond_c) nearest to (0, 1) leave a
    residual whose square is 1 - u.beyond = 1 / (1 + d^2). They are found by non-negative least squares: the side that
    is violated most joins, and those whose weight would fall below 0 leave.
    """
    classes = len(beyond)
    columns, sides, weights = np.empty((classes, classes)), np.empty(classes, np.int64), np.zeros(classes)
    size = 0
    for _ in range(10 * classes):
        violated = beyond.copy()
        for place in range(size):
            violated -= weights[place] * columns[place]
        joining = violated.argmax()
        if violated[joining] <= TOLERANCE:
            break
        dots = products[label, label] - products[label] - products[label, joining] + products[joining]
        columns[size] = dots / (norms * norms[joining]) + beyond[joining] * beyond
        sides[size], weights[size] = joining, 0.0
        size += 1
        while size > 0:
            active, old = sides[:size], weights[:size].copy()
            new = np.linalg.solve(columns[:size][:, active], beyond[active])
            if new.min() > 0.0:
                weights[:size] = new
                break
            steps = np.full(size, np.inf)
            for place in range(size):
                if new[place] <= 0.0:
                    steps[place] = old[place] / (old[place] - new[place]) if old[place] > new[place] else 0.0
            leaving = steps.argmin()
            weights[:size] = old + steps[leaving] * (new - old)
            for place in range(leaving, size - 1):
                sides[place], weights[place] = sides[place + 1], weights[place + 1]
                columns[place] = columns[place + 1]
            size -= 1
    total = 0.0
    for place in range(size):
        total += weights[place] * beyond[sides[place]]
    return total
