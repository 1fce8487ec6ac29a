"""`python -m analysis.corruptions.compiled`: compile the loops, once on a machine, so that nobody waits for it."""

import os

import torch

from analysis.corruptions import FAMILIES, corrupt, severities_of

SHAPES = ((1, 1, 28, 28), (1, 3, 32, 32))
"""Of images in grey and in colour: the loops are the same for other sizes."""


def compile_all() -> None:
    """Make a picture by every corruption, of one frequency alone."""
    for shape in SHAPES:
        images = torch.zeros(shape, dtype=torch.uint8)
        for family in FAMILIES.values():
            for name in () if family.needs_network else family.members[: 1 if family.pattern else None]:
                for severity in severities_of(name):
                    corrupt(images, name, severity)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # somebody is looking at a page meanwhile
    compile_all()
