"""Mocanu et al. 2018, Evci et al. 2020, Sanh et al. 2020: masks that move while the weights are trained."""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import StudyResults

THIN, THINNEST = 0.95, 0.98


def claims(study: StudyResults) -> list[Claim]:
    """Moving masks against a fixed one, against each other, and against pruning of a dense training."""
    return [
        Claim(
            "A mask that moves by the gradient is better than one that does not move.",
            "RigL 93.1 against 91.2 % (WRN-22-2, 80 %)",
            "RigL minus static at 98 %",
            study.gap(("rigl", THINNEST), ("static", THINNEST)),
            uncounted="It is the sum of the next two numbers.",
        ),
        Claim(
            "So is one that moves at random.",
            "SET 92.9 against 91.2 %",
            "SET minus static at 98 %",
            study.gap(("set", THINNEST), ("static", THINNEST)),
        ),
        Claim(
            "Growing by the gradient is better than growing at random.",
            "93.1 against 92.9 %",
            "RigL minus SET at 98 %",
            study.gap(("rigl", THINNEST), ("set", THINNEST)),
        ),
        Claim(
            "Sparse from start to end comes up to gradual pruning of a dense training, to half a point.",
            "93.1 against 93.2 %",
            "RigL minus gradual pruning at 95 %",
            study.gap(("rigl", THIN), ("gmp", THIN)),
            beyond=-0.5,
            why="Probably since a mask can try out little in 25 epochs; the next row gives it 75.",
        ),
        Claim(
            "Trained for three times the epochs, each of which multiplies a twentieth of the weights, it does.",
            "training longer closes the gap (reproduction report, arXiv 2103.15767)",
            "RigL of three times the epochs minus gradual pruning at 95 %",
            study.gap(("rigl_long", THIN), ("gmp", THIN)),
            beyond=-0.5,
            why="Against gradual pruning of as many epochs the difference is "
            f"{study.gap(('rigl_long', THIN), ('gmp_long', THIN))}.",
        ),
        Claim(
            "Fine-tuned, pruning by movement is better than by magnitude when little is left.",
            "significantly so, for language models",
            "movement minus magnitude at 98 %",
            study.gap(("movement", THINNEST), ("magnitude", THINNEST)),
            why="The paper fine-tunes on another task than the network was trained for, where weights that are large "
            "from before may be of no use; here the task is the same.",
        ),
    ]


REPRODUCTION = Reproduction(
    "dynamic",
    "Dynamic sparse training and movement pruning",
    "Mocanu et al. 2018, arXiv 1707.04780; Evci et al. 2020, arXiv 1911.11134; Sanh et al. 2020, arXiv 2005.07683",
    2020,
    "LeNet-300-100 on digits of 8x8 pixels. Layer densities by the Erdős–Rényi kernel rule; movement pruning "
    "fine-tunes on the same data.",
    claims,
)
