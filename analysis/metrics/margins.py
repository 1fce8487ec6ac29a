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

import torch
from torch import Tensor


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
    from analysis.metrics.region_distances import distances  # not before it is needed: it imports Numba

    found = margin(logits, labels, gaps)
    wrong = torch.nonzero(found < 0)[:, 0]
    centred = weight - weight.mean(dim=0)  # what all have in common would cost digits, and changes no difference
    arrays = (logits[wrong], labels[wrong], gaps, centred @ centred.T)
    outside = torch.from_numpy(distances(*(array.cpu().numpy() for array in arrays)))
    return found.index_put((wrong,), -outside.to(found.device))
