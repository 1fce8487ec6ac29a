"""Which corruptions say the same, and which pruning methods fail alike: correlations, and clusters of them.

Two corruptions may be alike in two ways: they make the same images wrong (over samples), or they order the tickets
alike (over tickets). The second is what decides whether a benchmark needs both.
"""

from __future__ import annotations

import numpy as np

from analysis.comparisons.outcomes import Outcomes
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.correlation import Correlation, describe, mean_correlation, pearson
from pruning.errors import UserError

FEWEST = 4
"""Values below which a correlation has no interval, and is not shown."""


def corruptions_over_samples(outcomes: Outcomes, beyond_clean: bool = False) -> Correlation:
    """Whether the same images are wrong under two corruptions.

    An image's outcomes are averaged over the severities of a corruption, correlated over images for each run (every
    seed of every ticket), and the correlations averaged over runs. Runs in which a corruption does not vary (all right,
    say) are left out for that corruption.

    Args:
        outcomes: bool [seeds, conditions, images] for each ticket; the clean images are not taken for a corruption.
        beyond_clean: partial correlation, given whether the image is right without corruption, so that images which
            are wrong anyway do not count for being alike.

    Raises UserError when there are fewer than `FEWEST` images, nothing was measured, or the clean images are needed
    and were not.
    """
    names, values = by_image(outcomes, clean=beyond_clean)
    n = values.shape[-1]
    _check(n, "images", "correlated")
    mean = mean_correlation(values, beyond_clean)
    return describe(names, mean, n, "images", beyond_clean)


def corruptions_over_tickets(outcomes: Outcomes) -> Correlation:
    """Whether tickets that are good under one corruption are good under another.

    Accuracies, averaged over seeds and severities, correlated over tickets. Raises UserError when there are fewer than
    `FEWEST` tickets.
    """
    names, accuracy = _accuracies(outcomes)
    _check(accuracy.shape[0], "tickets", "chosen")
    return describe(names, pearson(accuracy.T), accuracy.shape[0], "tickets")


def methods_over_conditions(outcomes: Outcomes, centred: bool = False) -> Correlation:
    """Whether two tickets (pruning methods) are good and bad under the same corruptions and severities.

    Args:
        outcomes: the tickets; the clean images are left out.
        centred: subtract each condition's mean over the tickets first, since some conditions are hard for everybody.
            The correlations are then relative to the others and average below 0; it takes three tickets.

    The intervals count corruptions, not conditions: what a training happens to do under fog it does at each severity.

    Raises UserError when there are fewer than `FEWEST` conditions, no ticket, or fewer than three to centre.
    """
    places = [place for place, condition in enumerate(outcomes.conditions) if condition != CLEAN]
    _check(len(places), "conditions", "measured")
    if len(outcomes.right) < (3 if centred else 1):
        raise UserError("Correlating pruning methods needs at least three tickets; choose more.")
    accuracy = np.stack([right[:, places].mean(axis=(0, 2)) for right in outcomes.right.values()])
    if centred:
        accuracy = accuracy - accuracy.mean(axis=0)
    corruptions = {outcomes.conditions[place][0] for place in places}
    return describe(list(outcomes.right), pearson(accuracy), len(corruptions), "corruptions")


def by_image(outcomes: Outcomes, clean: bool = False) -> tuple[list[str], np.ndarray]:
    """(corruptions, outcomes of each image).

    The outcomes are float64 [runs, corruptions, images], averaged over severities, a run being a seed of a ticket. With
    `clean`, the clean images' outcomes are the last row, beyond the names.

    Raises UserError when there is no corruption, no ticket, or no clean images where they are wanted.
    """
    names, counts, of = counted_by_image(outcomes, clean)
    return names, counts / of[:, None].astype(np.float64)


def counted_by_image(outcomes: Outcomes, clean: bool = False) -> tuple[list[str], np.ndarray, np.ndarray]:
    """As `by_image`, how often each image is right, of whole numbers, and out of how many severities, [corruptions].

    Raises:
        UserError: the clean images are asked for, and were not measured.
    """
    places = _places(outcomes)
    if clean and CLEAN not in outcomes.conditions:
        raise UserError("Correlations beyond clean accuracy need the clean images; measure these too.")
    chosen = list(places.values()) + ([[outcomes.conditions.index(CLEAN)]] if clean else [])
    runs = np.concatenate(list(outcomes.right.values())).view(np.uint8)
    counts = np.stack([np.add.reduce(runs[:, each], axis=1, dtype=np.uint8) for each in chosen], axis=1)
    return list(places), counts, np.array([len(each) for each in chosen])


def _places(outcomes: Outcomes) -> dict[str, list[int]]:
    """Corruption -> the places of its severities."""
    found: dict[str, list[int]] = {}
    for place, (name, severity) in enumerate(outcomes.conditions):
        if (name, severity) != CLEAN:
            found.setdefault(name, []).append(place)
    if not found or not outcomes.right:
        raise UserError("No ticket chosen was measured on corrupted images; measure the study, or choose others.")
    return found


def _accuracies(outcomes: Outcomes) -> tuple[list[str], np.ndarray]:
    """Corruptions, and the accuracy of each ticket under them: [tickets, corruptions]."""
    places = _places(outcomes)
    rows = [[right[:, each].mean() for each in places.values()] for right in outcomes.right.values()]
    return list(places), np.array(rows)


def _check(n: int, unit: str, verb: str) -> None:
    if n < FEWEST:
        raise UserError(
            f"A correlation over {unit} needs at least {FEWEST} of them, and {n} {'is' if n == 1 else 'are'} {verb}."
        )
