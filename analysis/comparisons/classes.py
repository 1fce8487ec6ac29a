"""Accuracy by class, and whether pruning costs some classes more than others (Hooker et al. 2020).

Any change of accuracy comes out uneven by chance, the more so the fewer images a class has. A permutation test says how
uneven: were it all the same to which class an image belongs, any other assignment of the labels to the images would
have been as likely.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes
from analysis.statistics.multiple_testing import holm
from analysis.statistics.replication import compare
from pruning.errors import UserError

BY_CLASS = ["key", "class", "n", "change", "low", "high", "within_noise", "p", "beyond_chance"]
BY_TICKET = ["key", "classes", "images", "change", "spread", "by_chance", "ceiling", "p", "p_holm", "within_noise"]
FEWEST, MOST = 1000, 5000
"""Permutations drawn where nothing else is asked for, the more the fewer images there are."""
SHUFFLED = 5_000_000  # images in all of them together, for a page is not to wait
AT_ONCE = 2_000_000  # images shuffled in one go: bounds the memory to some tens of megabytes


@dataclass(frozen=True)
class Costs:
    """What tickets cost by class, relative to a baseline.

    The p-values take the runs as they are and ask for other images. Whether other seeds would hit the same classes is
    what the intervals of several seeds tell.

    `by_class`: a row a ticket and class: key, class (int), n (images), change (accuracy minus the baseline's, -1 to
    1), low, high (its 95 % interval), within_noise (bool, the interval holds 0), p (of the change being that of the
    other classes, adjusted for all classes of the ticket), beyond_chance (bool, p < .05: the class is hit harder, or
    spared more, than chance would).

    `by_ticket`: a row a ticket: key, classes, images, change (over all images), spread (standard deviation of the
    classes' changes), by_chance and ceiling (mean and 95 % quantile of the spread where labels mean nothing), p (of
    the spread being by chance), p_holm (the same after Holm's correction over the tickets), within_noise (bool, p_holm
    >= .05: nothing says that some classes pay more than others).
    """

    by_class: pd.DataFrame
    by_ticket: pd.DataFrame


def class_costs(
    outcomes: Outcomes, labels: np.ndarray, baseline: str, permutations: int | None = None, seed: int = 0
) -> Costs:
    """How much accuracy each class loses against the baseline, and whether that differs between classes.

    The change of an image is the mean over seeds and conditions of being right, minus the baseline's. The spread of
    its means by class is compared with that under permutations of the labels among the images of the test set, and so
    is each class's, in standard errors; the p of a class counts how often the most extreme class of a permutation is
    as extreme (Westfall & Young 1993), so all classes of a ticket share one error rate.

    Args:
        outcomes: the tickets, with the baseline among them, under the conditions to average over.
        labels: int [images], the true classes.
        baseline: the ticket they are compared with.
        permutations: how many are drawn, by default as many as `MOST` and the number of images allow; no p is below
            1 / (permutations + 1).
        seed: same seed, same p.

    Returns `Costs`, without the baseline. Intervals of the changes pair seeds, or images, as `compare` does.

    Raises UserError when the baseline has no outcomes, there is no label for each image, or fewer than two classes.
    """
    labels = _checked(outcomes, labels)
    if baseline not in outcomes.right:
        raise UserError("The baseline has no results on corrupted images; measure it, or choose another.")
    classes, sizes = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise UserError("Costs by class need images of at least two classes; choose another data set.")
    right = dict(_together(outcomes))
    names = [name for name in right if name != baseline]
    if not names:
        return Costs(pd.DataFrame(columns=BY_CLASS), pd.DataFrame(columns=BY_TICKET))
    order = np.argsort(labels, kind="stable")
    changes = np.stack([right[name].mean(axis=0) - right[baseline].mean(axis=0) for name in names])
    spread, distance = _spread(changes[:, order], sizes)
    permutations = permutations or max(FEWEST, min(MOST, SHUFFLED // len(labels)))
    spreads, extremes = _permuted(changes, sizes, permutations, seed)
    images = dict(zip(classes, np.split(order, np.cumsum(sizes)[:-1]), strict=True))
    by_class = [
        (name, *row)
        for name, drawn, far in zip(names, extremes, distance, strict=True)
        for row in _class_rows(right[name], right[baseline], images, _p(drawn, far))
    ]
    by_ticket = _ticket_rows(changes, spread, spreads).assign(key=names, classes=len(classes))
    return Costs(pd.DataFrame(by_class, columns=BY_CLASS), by_ticket[BY_TICKET])


def _checked(outcomes: Outcomes, labels: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    for name, right in outcomes.right.items():
        if right.shape[-1:] != labels.shape:
            raise UserError(
                f"Ticket {name} was measured on {right.shape[-1]} images, but there are labels of {labels.size}; "
                "measure the study again."
            )
    return labels


def _together(outcomes: Outcomes) -> Iterator[tuple[str, np.ndarray]]:
    """Outcomes [seeds, images], averaged over the conditions; bool where there is only one."""
    for name, right in outcomes.right.items():
        yield name, right[:, 0] if right.shape[1] == 1 else right.mean(axis=1)


def _class_rows(
    right: np.ndarray, baseline: np.ndarray, images: Mapping[int, np.ndarray], p: np.ndarray
) -> Iterator[tuple[object, ...]]:
    """`BY_CLASS` but for the key: a row a class, of which `images` are these."""
    for (label, each), value in zip(images.items(), p, strict=True):
        gap = compare(right[:, each], baseline[:, each])
        change, low, high = float(gap.value), float(gap.low), float(gap.high)
        yield int(label), len(each), change, low, high, low <= 0 <= high, float(value), bool(value < 0.05)


def _ticket_rows(changes: np.ndarray, spread: np.ndarray, spreads: np.ndarray) -> pd.DataFrame:
    """`BY_TICKET` but for the key and the number of classes, from changes [T, N] and their spreads [T] and [T, B]."""
    p = np.array([float(_p(drawn, value)) for drawn, value in zip(spreads, spread, strict=True)])
    return pd.DataFrame(
        {
            "images": changes.shape[1],
            "change": changes.mean(axis=1),
            "spread": spread,
            "by_chance": spreads.mean(axis=1),
            "ceiling": np.quantile(spreads, 0.95, axis=1),
            "p": p,
            "p_holm": holm(p),
            "within_noise": holm(p) >= 0.05,
        }
    )


def _spread(changes: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of changes [R, N], images sorted by class.

    The standard deviation over classes [R], and how far each class is from the mean of all images [R, K], in standard
    errors up to a factor that no permutation changes.
    """
    n = sizes.sum()
    means = np.add.reduceat(changes, np.cumsum(sizes) - sizes, axis=1) / sizes
    overall = (means @ sizes / n)[:, None]
    return means.std(axis=1, ddof=1), np.abs(means - overall) / np.sqrt(1 / sizes - 1 / n)


def _permuted(changes: np.ndarray, sizes: np.ndarray, permutations: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """For changes [T, N] and each permutation: the spread, and the distance of the most extreme class, [T, B] each."""
    rng = np.random.default_rng(seed)
    spreads, extremes = np.empty((2, len(changes), permutations))
    images = np.arange(changes.shape[1], dtype=np.int32)
    step = max(1, AT_ONCE // len(images))
    for start in range(0, permutations, step):
        part = slice(start, min(start + step, permutations))
        orders = rng.permuted(np.broadcast_to(images, (part.stop - start, len(images))), axis=1)
        for ticket, change in enumerate(changes):  # all of them under the same permutations
            spreads[ticket, part], distances = _spread(change[orders], sizes)
            extremes[ticket, part] = distances.max(axis=1)
    return spreads, extremes


def _p(drawn: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """How often a permutation is as extreme, the observed one counted among them, so never 0."""
    # Another order rounds otherwise, and what is as extreme must count.
    below = np.searchsorted(np.sort(drawn), observed - 1e-12)
    return (1 + len(drawn) - below) / (1 + len(drawn))
