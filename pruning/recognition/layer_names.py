"""What the names of layers tell: shortcut or main path, which of a block, which block of which stage."""

import re

from pruning.recognition.layers import Layer

_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SHORTCUT = {"shortcut", "downsample", "downsampler", "skip", "identity", "sc", "proj", "projection"}
_SAME = {
    "convolution": "conv",
    "norm": "bn",
    "batchnorm": "bn",
    "batch": "",
    "fc": "linear",
    "classifier": "linear",
    "head": "linear",
    "logits": "linear",
    "dense": "linear",
}


def words(name: str) -> tuple[str, ...]:
    """The words of a name, lower-case, usual synonyms made one: `layer1.0.downsample.bn` gives layer, shortcut, bn."""
    found = (piece.lower() for piece in _pieces(name) if not piece.isdigit())
    plain = ("shortcut" if word in _SHORTCUT else _SAME.get(word, word) for word in found)
    return tuple(word for word in plain if word)


def numbers(name: str) -> tuple[int, ...]:
    """The numbers of a name in order: `layer2.0.conv1` gives 2, 0, 1."""
    return tuple(int(piece) for piece in _pieces(name) if piece.isdigit())


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts `layer2` before `layer10`."""
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.findall(r"\d+|\D+", name))


def is_shortcut(layer: Layer) -> bool:
    """Whether a layer's name says that it lies on a block's shortcut."""
    return "shortcut" in words(layer.name)


def role(layer: Layer) -> tuple[str, ...] | None:
    """What the last part of a name says, such as ("conv", "1"); None where it is a bare number."""
    last = layer.name.rpartition(".")[2]
    found = words(last)
    return (*found, *map(str, numbers(last))) if found else None


def _pieces(name: str) -> list[str]:
    # The digit of conv2d and BatchNorm2d counts nothing.
    return _PIECE.findall(re.sub(r"(?<=[A-Za-z])[12]d(?![a-z])", "", name))
