"""Reprogramming under constraints (2023): tickets transferred by a linear probe and by a visual prompt."""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number, weakest
from analysis.reproductions.study_results import DENSE, Measure, StudyResults
from analysis.transfer.ways import MAPPING, PROBE, PROMPT
from pruning.study.folder import Entry

THIN, THINNEST = 0.9375, 0.984375  # 6.2 % and 1.6 % of the weights are kept
SUBJECTS = (DENSE, 0.0), ("imp", THIN), ("imp", THINNEST)
ALL, FEW = 0, 10
"""Images a class."""


def claims(study: StudyResults) -> list[Claim]:
    """Accuracies and calibration errors of the two ways, of tickets against the dense network, and of controls."""
    table = study.results.table("transfer").groupby(["ticket_id", "way", "shots"]).mean(numeric_only=True)

    def value(column: str, way: str, shots: int = ALL) -> Measure:
        return lambda entry: float(100 * table.at[(entry.id, way, shots), column])

    def apart(column: str, more: tuple[str, int], less: tuple[str, int]) -> Number:
        """How much more one way has than another, of the network of which that is the least sure."""

        def gap(entry: Entry) -> float:
            return value(column, *more)(entry) - value(column, *less)(entry)

        return weakest([study.mean(*subject, gap, "points") for subject in SUBJECTS])

    def scaled(entry: Entry) -> float:
        return value("ece", PROBE)(entry) - value("scaled_ece", PROBE)(entry)

    return [
        Claim(
            "A linear probe is more accurate than a visual prompt, of the dense network and of both tickets.",
            "",
            "accuracy of the probe minus that of the prompt, all images, of the network where it is the least sure",
            apart("accuracy", (PROBE, ALL), (PROMPT, ALL)),
        ),
        Claim(
            "The border adds to what the mapping of classes does without it.",
            "",
            "accuracy of the prompt minus that of the mapping alone, of the network where it is the least sure",
            apart("accuracy", (PROMPT, ALL), (MAPPING, ALL)),
        ),
        Claim(
            "Under a prompt a ticket of 1.6 % of the weights loses accuracy against the dense network.",
            "for certain data sets significantly lower, although the upstream accuracy is similar",
            "accuracy of the dense network minus the ticket's, by a prompt",
            study.gap(SUBJECTS[0], SUBJECTS[2], value("accuracy", PROMPT)),
        ),
        *(
            Claim(
                f"By a {way} the dense network is better calibrated than the ticket of 6.2 %.",
                "the calibration of dense models is always superior",
                f"expected calibration error of the ticket minus the dense network's, by a {way}",
                study.gap(SUBJECTS[1], SUBJECTS[0], value("ece", way)),
            )
            for way in (PROBE, PROMPT)
        ),
        Claim(
            "One number mends it: temperature scaling lowers the calibration error of every probe.",
            "",
            "calibration error of the probe before minus after, of the network where it is the least sure",
            weakest([study.mean(*subject, scaled, "points") for subject in SUBJECTS]),
        ),
        Claim(
            "A probe needs more than 10 images a class: with all of them it is more accurate.",
            "",
            "accuracy with all minus that with 10 a class, by a probe, of the network where it is the least sure",
            apart("accuracy", (PROBE, ALL), (PROBE, FEW)),
        ),
        Claim(
            "A prompt does not: with 10 it comes within 5 points of all.",
            "",
            "5 points minus what the ticket's prompt loses",
            study.over_seeds(
                [
                    5 - value("accuracy", PROMPT)(entry) + value("accuracy", PROMPT, FEW)(entry)
                    for entry in study.entries("imp", THIN)
                ]
            ),
        ),
        Claim(
            "The ticket's mask carries something over: a shuffled mask is worse under a probe.",
            "",
            "accuracy of the ticket of 1.6 % minus that of its shuffled mask, by a probe",
            study.gap(SUBJECTS[2], ("shuffled", THINNEST), value("accuracy", PROBE)),
        ),
    ]


REPRODUCTION = Reproduction(
    "transfer",
    "Reprogramming under constraints: tickets by probe and prompt",
    "Misra et al. 2023, arXiv 2308.14969",
    2023,
    "LeNet-300-100 on 4,000 digits of MNIST instead of ResNet-50 on ImageNet; the target is scikit-learn's digits in "
    "the middle of 28x28 pixels. Dense network and tickets are of the same training, which the paper's are not. "
    "10 images a class are drawn three times. The settings were tried on another seed.",
    claims,
    ("transfer",),
)
