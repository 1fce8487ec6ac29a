"""Frankle et al. 2021, Su et al. 2020: do masks of initialisation know more than how much to keep of each layer?"""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, weakest
from analysis.reproductions.study_results import DENSE, StudyResults
from pruning.recipe import percent

MODERATE, SPARSE = 0.8, 0.98
AT_START = {"snip": "SNIP", "grasp": "GraSP", "synflow": "SynFlow"}
TRAINED = {"magnitude": "Magnitude", "taylor": "Taylor"}
WORDS = {"shuffled": "shuffled", "random_reinit": "reinitialised", "inverted": "inverted"}


def _of_start(study: StudyResults, name: str, label: str) -> list[Claim]:
    return [
        Claim(
            f"{label} at initialisation may be shuffled within each layer at a loss of half a point at most.",
            "the same or higher",
            f"shuffled minus original at {percent(MODERATE)}",
            study.gap((f"{name}_shuffled", MODERATE), (name, MODERATE)),
            beyond=-0.5,
        ),
        Claim(
            f"{label}'s mask serves new initial weights as well, to half a point.",
            "the same or higher",
            f"reinitialised minus original at {percent(MODERATE)}",
            study.gap((f"{name}_random_reinit", MODERATE), (name, MODERATE)),
            beyond=-0.5,
        ),
        Claim(
            f"Turned upside down, {label} is worse: its scores are no noise.",
            "",
            f"original minus inverted at {percent(MODERATE)}",
            study.gap((name, MODERATE), (f"{name}_inverted", MODERATE)),
            uncounted=_cut_off(study, f"{name}_inverted", MODERATE),
        ),
        Claim(
            f"{label} may be shuffled also when little is left, to half a point.",
            "the same or higher",
            f"shuffled minus original at {percent(SPARSE)}",
            study.gap((f"{name}_shuffled", SPARSE), (name, SPARSE)),
            beyond=-0.5,
            why="Probably since 2 % of a network this thin leave few paths from pixels to classes, which a shuffled "
            "mask breaks. Say at which density a sanity check was made.",
        ),
    ]


def _of_trained(study: StudyResults, name: str, label: str) -> list[Claim]:
    paper = "loses, unlike pruning at initialisation"
    loses = {
        "shuffled": f"{label} on trained weights loses when shuffled: which weights are kept matters.",
        "random_reinit": f"Its tickets lose when given new weights: what {label} kept had learnt something.",
        "inverted": f"Turned upside down, {label} is worse.",
    }
    return [
        Claim(
            finding,
            "" if control == "inverted" else paper,
            f"original minus {WORDS[control]} at {percent(SPARSE)}",
            study.gap((name, SPARSE), (f"{name}_{control}", SPARSE)),
            uncounted=_cut_off(study, f"{name}_{control}", SPARSE) if control == "inverted" else "",
        )
        for control, finding in loses.items()
    ]


def _cut_off(study: StudyResults, method: str, sparsity: float) -> str:
    """Why nothing can be less accurate than these tickets: no path leads through them, in any seed."""
    layers = [ticket.masks.values() for ticket in study.tickets(method, sparsity)]
    emptied = all(any(not mask.any() for mask in masks) for masks in layers)
    return "Upside down it leaves a layer without any weight, and such a network can only guess." if emptied else ""


def claims(study: StudyResults) -> list[Claim]:
    """Shuffled, reinitialised and inverted masks against the original."""
    found = [claim for name, label in AT_START.items() for claim in _of_start(study, name, label)]
    found += [claim for name, label in TRAINED.items() for claim in _of_trained(study, name, label)]
    found.append(
        Claim(
            "Pruning at initialisation stays below pruning by magnitude after training.",
            "below, for every criterion",
            f"magnitude after training minus the best of SNIP, GraSP and SynFlow at {percent(SPARSE)}, trained for as "
            "long as magnitude before and after pruning",
            weakest([study.gap(("magnitude", SPARSE), (f"{name}_long", SPARSE)) for name in AT_START]),
        )
    )
    found.append(
        Claim(
            "Random pruning costs a point at most at moderate sparsity.",
            "",
            f"random minus dense at {percent(MODERATE)}",
            study.gap(("random", MODERATE), (DENSE, 0.0)),
            beyond=-1.0,
        )
    )
    return found


REPRODUCTION = Reproduction(
    "sanity",
    "Pruning neural networks at initialisation: why are we missing the mark?",
    "Frankle et al. 2021, arXiv 2009.08576; Su et al. 2020, arXiv 2009.11094",
    2021,
    "LeNet-300-100 on digits of 8x8 pixels instead of ResNets on CIFAR-10 and ImageNet. What is pruned after training "
    "is fine-tuned for as long as it was trained. Its shuffled control starts from the trained weights, too, and has "
    "that fine-tuning; its reinitialised one is trained for as long as both.",
    claims,
)
