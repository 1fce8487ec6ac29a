"""Vallapuram et al. 2022: signs under a mask cut without data, a bit a kept weight; what it saves and costs."""

from analysis.comparisons import federated
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number, weakest
from analysis.reproductions.study_results import Measure, StudyResults
from pruning.study.folder import Entry

SPARSITY = 0.8
DENSE = ("FedAvg", 0.0)
SIGNS = ("HideNseek", SPARSITY)
TWO = ("HideNseek_2_classes", SPARSITY)


def final(column: str) -> Measure:
    """A column of the last round, such as personal accuracy, in per cent."""
    return lambda entry: 100 * float(entry.info.recorded("rounds")[column][-1])


def sent_up(entry: Entry) -> float:
    """Bytes of all clients in all rounds, up."""
    return float(federated.rounds({"": [entry]})["up"].iloc[-1])


def affordable(entry: Entry, budget: float) -> float:
    """Accuracy of all classes after the last round that a budget of bytes, up and down, pays for; per cent."""
    return 100 * float(federated.affordable(federated.rounds({"": [entry]}), budget)[federated.GLOBAL].iloc[0])


def claims(study: StudyResults) -> list[Claim]:
    """What one bit a weight saves, what it costs, and what of it is the mask's."""
    return [*_saved(study), *_accuracy(study), *_mask(study), *_two_classes(study)]


def at_equal_bytes(study: StudyResults, other: tuple[str, float]) -> Number:
    """How much more accurate signs are than another way that may spend as much as they did, in points."""
    pairs = zip(study.entries(*SIGNS), study.entries(*other), strict=True)
    spent = [(one, two, float(federated.rounds({"": [one]})["both"].iloc[-1])) for one, two in pairs]
    return study.over_seeds([affordable(one, budget) - affordable(two, budget) for one, two, budget in spent])


def _saved(study: StudyResults) -> list[Claim]:
    others = [at_equal_bytes(study, other) for other in (DENSE, ("FedAvg_masked", SPARSITY), ("FedPM", SPARSITY))]
    return [
        Claim(
            "Clients send less than a hundredth of what they send for FedAvg.",
            "39.7 % less",
            "bytes sent up in all rounds, FedAvg over signs",
            study.ratio(DENSE, SIGNS, sent_up),
            beyond=100.0,
            uncounted="32 bits a weight against one bit for each of a fifth of them is 160 by construction, and a "
            "little more as mask and network are sent once.",
        ),
        Claim(
            "For as many bytes, up and down, signs are the more accurate.",
            "",
            "accuracy on all classes, signs minus FedAvg, FedAvg under the mask, and FedPM, each after the last round "
            "that what signs spent pays for (the least sure of the three)",
            weakest(others),
            why="What signs spend on twelve rounds pays for two of FedAvg under the mask, which are as good; for three "
            "of FedPM; and for none of FedAvg, which counts as untrained.",
        ),
    ]


def _accuracy(study: StudyResults) -> list[Claim]:
    return [
        Claim(
            "In as many rounds signs are more accurate than FedAvg.",
            "up to 40.6 points",
            "accuracy on all classes, signs minus FedAvg",
            study.gap(SIGNS, DENSE),
            why="The paper's accuracies are of each client's own network on its own images, as far as one can see.",
        ),
        Claim(
            "Clients' own networks of signs are at most 5 points less accurate than those of FedAvg.",
            "",
            "accuracy of clients' own networks on their own mixtures of classes, signs minus FedAvg",
            study.gap(SIGNS, DENSE, final(federated.PERSONAL)),
            beyond=-5.0,
        ),
        Claim(
            "The server must send the votes on each sign, and not only the majority.",
            "",
            "accuracy on all classes, votes sent down minus signs sent down",
            study.gap(SIGNS, ("HideNseek_signs_down", SPARSITY)),
        ),
    ]


def _mask(study: StudyResults) -> list[Claim]:
    return [
        Claim(
            "The mask cut by synaptic saliency is better than a random one.",
            "",
            "accuracy on all classes, signs under SynFlow's mask minus signs under a random mask",
            study.gap(SIGNS, ("HideNseek_random_mask", SPARSITY)),
            why="In a trial with other weights, an average sign sent down and 8 rounds it was 3 to 15 points better.",
        ),
        Claim(
            "FedAvg loses at most 2 points under that mask.",
            "",
            "accuracy on all classes, FedAvg under the mask minus dense FedAvg",
            study.gap(("FedAvg_masked", SPARSITY), DENSE),
            beyond=-2.0,
        ),
    ]


def _two_classes(study: StudyResults) -> list[Claim]:
    others = [study.gap(other, TWO) for other in (("FedAvg_2_classes", 0.0), ("FedPM_2_classes", SPARSITY))]
    return [
        Claim(
            "With two classes a client there is a personal network, and no global one: clients' own networks of signs "
            "are more accurate by 40 points and more, where chance has 40.",
            "",
            "accuracy of clients' own networks on their two classes minus accuracy of the global one on all",
            study.over_seeds(study.values(*TWO, final(federated.PERSONAL)) - study.values(*TWO)),
            beyond=40.0,
            why="Between two classes a coin is right in half the cases, between ten in a tenth.",
        ),
        Claim(
            "With two classes a client the global network of signs is worse than those of FedAvg and FedPM.",
            "",
            "accuracy on all classes, FedAvg minus signs, and FedPM minus signs (the least sure of the two)",
            weakest(others),
        ),
    ]


REPRODUCTION = Reproduction(
    "federated",
    "HideNseek: federated lottery tickets of signs",
    "Vallapuram et al. 2022, arXiv 2206.04385",
    2022,
    "LeNet-300-100 on digits of 8x8 pixels, ten clients, 12 rounds of 50 iterations, instead of three data sets; the "
    "paper's code is not public, and what its abstract leaves open is ours. Settings and claims were chosen "
    "by a look at seeds 0, 1 and 2 of the same study, which are not among those that count.",
    claims,
)
