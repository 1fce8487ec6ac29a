"""Corruptions of images, made on the fly, a whole batch at a time, for images of any size.

They come in families (`families`): CIFAR-10-C, MNIST-C, C-bar, the Fourier basis, and adversarial attacks. A corruption
is a `Corruption` in the module of its group, where `registry` finds it. How severities scale with the size of the
images is said in `corruption`, and where the random numbers come from in `random`. Attacks depend on the network that
they are shown to and are in `attacks`.
"""

from typing import TYPE_CHECKING, Any

from analysis.corruptions.checks import check_severity
from analysis.corruptions.corruption import SEVERITIES, Corruption
from analysis.corruptions.families import NAMES
from analysis.corruptions.making import corrupt
from analysis.corruptions.photographs import Photographs
from analysis.corruptions.registering import register_corruption
from analysis.corruptions.registry import (
    ATTACKS,
    CORRUPTIONS,
    FAMILIES,
    Family,
    check_name,
    family_of,
    get_corruption,
    get_family,
    label_of,
    severities_of,
    version_of,
)

__all__ = [
    "ATTACKS",
    "AVAILABLE",
    "CORRUPTIONS",
    "FAMILIES",
    "NAMES",
    "SEVERITIES",
    "Corrupt",
    "Corruption",
    "Family",
    "Photographs",
    "check_name",
    "check_severity",
    "corrupt",
    "family_of",
    "get_corruption",
    "get_family",
    "label_of",
    "register_corruption",
    "severities_of",
    "version_of",
]

if TYPE_CHECKING:
    from analysis.corruptions.transforms.corrupt import Corrupt


def __getattr__(name: str) -> Any:
    if name == "Corrupt":  # which needs torchvision's transforms, half a second that `corrupt` does not need
        from analysis.corruptions.transforms.corrupt import Corrupt

        return Corrupt
    raise AttributeError(f"module 'analysis.corruptions' has no attribute '{name}'")


AVAILABLE = NAMES
"""What is made where nothing else is asked for: the 19 of CIFAR-10-C."""
