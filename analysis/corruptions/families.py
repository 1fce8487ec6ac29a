"""Families of corruptions: what belongs together, was published together, and is asked for by one name."""

from dataclasses import dataclass

from analysis.corruptions import fourier
from analysis.corruptions.registry import SEVERITIES
from pruning.errors import UserError, nearest, unknown

NAMES: tuple[str, ...] = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
    "speckle_noise",
    "gaussian_blur",
    "spatter",
    "saturate",
)
"""The 19 of CIFAR-10-C, in its order and spelling: 15, then the four extra ones that its mean leaves out."""

MNIST_C: tuple[str, ...] = (
    "shear",
    "scale",
    "rotate",
    "translate",
    "stripe",
    "dotted_line",
    "zigzag",
    "canny_edges",
)
"""Those of MNIST-C that CIFAR-10-C does not have."""

ATTACKS: dict[str, str] = {"fgsm": "FGSM", "pgd": "PGD"}
"""The adversarial attacks and their labels; `attacks` makes them."""

ARRAYS = "arrays"
"""The family of a name that belongs to none here: images that the user brought along."""


@dataclass(frozen=True)
class Family:
    """Corruptions that were published together.

    Attributes:
        name: as in a study.toml. label: for people. paper: authors, title, place.
        members: the names of its corruptions, in their order.
        severities: those that a study measures of it; None for all that each corruption has.
        needs_network: whether the images depend on the network that they are shown to, so that `corrupt` cannot make
            them and `attacks.attack` does.
    """

    name: str
    label: str
    paper: str
    members: tuple[str, ...]
    severities: tuple[int, ...] | None = None
    needs_network: bool = False


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "cifar_c",
            "CIFAR-10-C",
            'Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", '
            "ICLR 2019",
            NAMES,
        ),
        Family(
            "mnist_c",
            "MNIST-C",
            'Mu & Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", arXiv 1906.02337, 2019',
            MNIST_C,
        ),
        Family(
            "fourier",
            "Fourier basis",
            'Yin et al., "A Fourier Perspective on Model Robustness in Computer Vision", NeurIPS 2019',
            fourier.NAMES,
            # The norms of the paper itself.
            severities=(4,),
        ),
        Family(
            "adversarial",
            "Adversarial",
            'Goodfellow et al., "Explaining and Harnessing Adversarial Examples", ICLR 2015; Madry et al., "Towards '
            'Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018',
            tuple(ATTACKS),
            needs_network=True,
        ),
    )
}
"""All families by name, in the order in which they are shown."""

_FAMILY_OF = {member: family.name for family in FAMILIES.values() for member in family.members}


def get_family(name: str) -> Family:
    """The family of that name. Raises UserError, with the nearest name, when there is none."""
    if name not in FAMILIES:
        raise unknown("family of corruptions", name, FAMILIES)
    return FAMILIES[name]


def family_of(name: str) -> str:
    """The name of the family that a corruption belongs to; `ARRAYS` for a name that belongs to none."""
    return _FAMILY_OF.get(name, ARRAYS)


def severities_of(name: str) -> tuple[int, ...]:
    """The severities that a corruption of any family has. Raises UserError, with the nearest name, when none has it."""
    check_name(name)
    if family_of(name) == "mnist_c" and name not in GRADED:
        return (1,)
    return SEVERITIES


GRADED = frozenset(MNIST_C[:4])
"""Those of MNIST-C that have five severities."""


def check_name(name: str) -> None:
    """Raises UserError, with the nearest name, unless a family has a corruption of that name."""
    if name in _FAMILY_OF:
        return
    guess = nearest(name, _FAMILY_OF)
    hint = f" Did you mean '{guess}'?" if guess else ""
    # The names of the Fourier basis would hide the others.
    named = [member for member in _FAMILY_OF if member not in fourier.NAMES]
    raise UserError(f"Unknown corruption '{name}'.{hint} Known: {', '.join(named)}, and {fourier.PATTERN}.")
