"""The compiled loops of `margins.region_margin`."""

import numpy as np

from analysis.corruptions.compiled import loop

TOLERANCE = 1e-12
"""How far a side may still be violated, in the units of `_share`."""

EMPTY = 1e-9
"""A region 30,000 times as far away as its farthest side is taken for empty."""


@loop
def distances(logits: np.ndarray, labels: np.ndarray, gaps: np.ndarray, products: np.ndarray) -> np.ndarray:
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
