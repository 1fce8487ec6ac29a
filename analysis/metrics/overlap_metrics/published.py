"""The overlap metrics that ship: three of sets, and two that say how far the overlap goes beyond chance.

With kept sets A and B, and E what independent masks of the same layer-wise densities would have in common.
"""

from math import inf

from analysis.metrics.overlap_metrics import OverlapMetric

METRICS = (
    OverlapMetric(  # |A & B| / |A | B|
        "jaccard",
        "Jaccard",
        "Jaccard index",
        "Weights kept by both, as a fraction of those kept by either: 0 = none in common, 1 = the same mask.",
        lambda pair: pair.both / (pair.first + pair.second - pair.both),
    ),
    OverlapMetric(  # |A & B| / min(|A|, |B|), Szymkiewicz-Simpson
        "overlap",
        "Overlap",
        "Overlap coefficient",
        "Weights kept by both, as a fraction of the sparser ticket's: 1 = one ticket contains the other.",
        lambda pair: pair.both / pair.least,
    ),
    OverlapMetric(  # the form of the adjusted Rand index, Hubert & Arabie 1985
        "adjusted",
        "Adjusted",
        "Adjusted overlap",
        "Overlap beyond chance, given each layer's sparsities: 0 = chance, 1 = one ticket contains the other.",
        lambda pair: (pair.both - pair.expected) / (pair.least - pair.expected),
        low=-inf,
    ),
    OverlapMetric(  # |A & B| / E
        "lift",
        "Lift",
        "Lift over chance",
        "Weights kept by both, as a multiple of what chance gives at each layer's sparsities: 1 = chance.",
        lambda pair: pair.both / pair.expected,
        high=inf,
    ),
    OverlapMetric(  # the mask distance of early-bird tickets, You et al. 2020
        "hamming",
        "Hamming",
        "Hamming distance",
        "Fraction of all weights that one ticket keeps and the other removes: 0 = the same mask.",
        lambda pair: (pair.first + pair.second - 2 * pair.both) / pair.size,
    ),
)
