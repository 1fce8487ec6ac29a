"""You et al. 2022: one training finds an architecture and a ticket in it, which carries something; is it worth it?"""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, weakest
from analysis.reproductions.study_results import StudyResults
from pruning.study.folder import Entry

SPARSITY = 0.85
TICKET = ("SuperTicket", SPARSITY)


def returned(entry: Entry) -> float:
    """Per cent of the kept weights that had been pruned, summed over the events."""
    return 100 * sum(entry.info.recorded("supernet")["returned"])


def claims(study: StudyResults) -> list[Claim]:
    """What the mask carries, what the search is worth, and what returns."""
    return [*_mask(study), *_search(study), *_mechanics(study)]


def _mask(study: StudyResults) -> list[Claim]:
    return [
        Claim(
            "The ticket's mask, retrained from the first weights, is better than a random mask of the same layer-wise "
            "sparsities.",
            "",
            "accuracy, retrained ticket minus its mask shuffled within layers",
            study.gap(("SuperTicket_retrained", SPARSITY), ("Random_mask", SPARSITY)),
            why="A shuffled mask spreads the weights of whole channels over all of them, so that it has no "
            "architecture either; what of the gap is the architecture's is not told apart.",
        ),
        Claim(
            "The ticket needs no retraining: it is as good as when it is retrained, within a point.",
            "with or without retraining",
            "accuracy, ticket minus retrained ticket",
            study.gap(TICKET, ("SuperTicket_retrained", SPARSITY)),
            beyond=-1.0,
        ),
    ]


def _search(study: StudyResults) -> list[Claim]:
    others = [study.gap(TICKET, (name, SPARSITY)) for name in ("Even_architecture", "Random_architecture")]
    return [
        Claim(
            "Searching and pruning at once is better than searching, then pruning, in as many epochs.",
            "boosted trade-offs",
            "accuracy, SuperTicket minus search, then prune",
            study.gap(TICKET, ("Search_then_prune", SPARSITY)),
        ),
        Claim(
            "It is better than its own architecture, trained and pruned from scratch.",
            "boosted trade-offs",
            "accuracy, SuperTicket minus found architecture",
            study.gap(TICKET, ("Found_architecture", SPARSITY)),
        ),
        Claim(
            "It is better than architectures of as many multiply-adds that nobody searched for.",
            "",
            "accuracy, SuperTicket minus one made by hand, and one by chance (the least sure of the two)",
            weakest(others),
            why="At this size any architecture of the same cost is enough, so that there is little to be found.",
        ),
        Claim(
            "It is better than the supernet pruned as it is, without a search.",
            "",
            "accuracy, SuperTicket minus gradual magnitude pruning of the supernet",
            study.gap(TICKET, ("gmp", SPARSITY)),
        ),
    ]


def _mechanics(study: StudyResults) -> list[Claim]:
    gap = [study.gap(("SuperTicket_reset", SPARSITY), (name, SPARSITY), returned)
           for name in ("SuperTicket", "SuperTicket_monotone")]  # fmt: skip
    return [
        Claim(
            "The rules of re-activation differ: most returns where all weights are trained between prunings.",
            "",
            "share of the kept weights that had been pruned, summed over events: reset minus keep, and minus monotone "
            "(the least sure of the two)",
            weakest(gap),
        ),
    ]


REPRODUCTION = Reproduction(
    "supernet",
    "SuperTickets: two-in-one search and pruning",
    "You et al. 2022, arXiv 2207.03677",
    2022,
    "Two cells of 3x3, 5x5 and 7x7 inverted bottlenecks of 16 channels, 4,936 weights, on digits of 8x8 pixels, 10 "
    "epochs, instead of HR-NAS on four data sets. The multiply-adds left are chosen (40 % of the "
    "branches'), cutting ends half-way and the rate then starts anew. The study was fixed "
    "before; claims were written when the accuracies of its seeds had been seen, and each bound is 0 or a point.",
    claims,
)
