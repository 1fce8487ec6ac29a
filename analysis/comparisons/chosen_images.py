"""How accurate tickets are on images that somebody chose, beside the rest of the test images.

Images are chosen by looking at results as a rule, so that they are no sample of anything. The intervals describe
these images alone, and no ticket is said to differ from another, nor the chosen images from the rest.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import PerImage
from analysis.statistics.replication import share
from pruning.errors import UserError

COLUMNS = ["key", "accuracy", "low", "high", "over_seeds", "rest", "images"]


def among(images: Collection[int], count: int) -> np.ndarray:
    """Those of the images, int64 and rising, that are among `count` test images.

    Raises UserError when none is.
    """
    found = np.unique(np.asarray(list(images), dtype=np.int64))
    found = found[(found >= 0) & (found < count)]
    if not len(found):
        raise UserError(f"None of the selected images is among the {count:,} of this study; select others.")
    return found


def on_images(right: PerImage, images: Collection[int]) -> pd.DataFrame:
    """Accuracy on the chosen images, best first.

    Args:
        right: key -> seed -> each image's share right, as `outcomes.per_image` has them.
        images: indices of test images; those that there are not do not count.

    Returns:
        a row a ticket: key, accuracy on the chosen images with low and high, over_seeds (bool), rest, the accuracy on
        all other test images (NaN without any), and images, how many of the chosen are there. Fractions, the mean over
        seeds. The 95 % interval is of the mean over seeds where these differ (other trainings, the same images), else
        Wilson's, which says how far so few images leave the mean open.

    Raises UserError when none of the images is there.
    """
    rows = []
    for key, seeds in right.items():
        values = np.stack(list(seeds.values()))
        inside = np.zeros(values.shape[-1], dtype=bool)
        inside[among(images, len(inside))] = True
        found = share(values[:, inside])
        rest = float(values[:, ~inside].mean()) if not inside.all() else np.nan
        rows.append(
            (key, *map(float, (found.value, found.low, found.high)), bool(found.over_seeds), rest, int(inside.sum()))
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)
