"""Rankings that mark what cannot be told apart."""

from __future__ import annotations

import numpy as np


def tie_groups(differs: np.ndarray) -> np.ndarray:
    """Tickets, best first, in groups that cannot be told apart from their best: int [T], from 1.

    The best ticket leads the first group. Down the ranking, tickets join it until one differs from the leader; that one
    leads the next group, and so on. So **within a group no order is claimed against its leader, and each leader differs
    from the leader before it**. A member of a lower group need not differ from every member of the one above, nor two
    members of a group be alike: being indistinguishable is not transitive.

    Args:
        differs: bool [T, T], symmetric, rows and columns best first. All its pairs are to be one family of tests, so
            that equal tickets are parted as seldom as the family claims anything false.
    """
    groups, leader, group = np.empty(len(differs), dtype=int), 0, 1
    for place in range(len(differs)):
        if differs[leader, place]:
            leader, group = place, group + 1
        groups[place] = group
    return groups
