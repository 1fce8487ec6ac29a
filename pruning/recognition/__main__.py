"""Writes the table of the known networks' shapes: `python -m pruning.recognition`."""

import argparse
import json
import sys
from collections import Counter

from pruning.files import write_atomically
from pruning.models import MODELS, skeleton
from pruning.models.torchvision_models import PREFIX, torchvision_names
from pruning.recognition.layers import Shape, plain_shape
from pruning.recognition.signatures import FILE

_BASE = (11, (3, 224, 224))
_OTHER = (13, (1, 448, 448))
_LETTERS = {(11, 13): "K", (3, 1): "C"}


def signature(model: str) -> dict[str, int]:
    """The shapes of one network as in the file, found by building it for two kinds of data."""
    base = _shapes(model, *_BASE)
    patterns: list[list[int | str]] = [list(shape) for shape in base]
    for pattern, before, after in zip(patterns, base, _shapes(model, *_OTHER), strict=True):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                pattern[place] = _LETTERS.get((old, new), "S")
    return dict(sorted(Counter("x".join(map(str, pattern)) for pattern in patterns).items()))


def _shapes(model: str, num_classes: int, shape: tuple[int, int, int]) -> list[Shape]:
    state = skeleton(model, num_classes, shape).state_dict()
    return [plain_shape(tensor.shape) for tensor in state.values() if tensor.ndim > 1]


def known() -> tuple[str, ...]:
    """The names of all networks that the table is about: this project's and torchvision's classifiers of images."""
    own = (name for name, model in MODELS.items() if model.classifies_images)
    return (*own, *(f"{PREFIX}{name}" for name in torchvision_names()))


def main() -> int:
    """Writes the table, or says that it is out of date."""
    parser = argparse.ArgumentParser(description="The shapes of the known networks.")
    parser.add_argument("--check", action="store_true", help="only say whether the file is up to date")
    check = parser.parse_args().check
    lines = [f"{json.dumps(name)}: {json.dumps(signature(name))}" for name in known()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if check:
        return int(text != FILE.read_text(encoding="utf-8"))
    write_atomically(FILE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
