"""The tensors of a state dict as layers: what belongs together, what each is there for, what is no part of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

Shape = tuple[int, ...]
Signature = tuple[tuple[str, Shape], ...]

COUNTER = "num_batches_tracked"
_ROLES = {
    "weight": "weight",
    "kernel": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "running_mean": "running_mean",
    "moving_mean": "running_mean",
    "running_var": "running_var",
    "running_variance": "running_var",
    "moving_var": "running_var",
    "moving_variance": "running_var",
    COUNTER: COUNTER,
}
_LEAF = re.compile(rf"(?:(.*)[._])?({'|'.join(sorted(_ROLES, key=len, reverse=True))})$")
_COUNTS = re.compile(r"(^|\.)(total_ops|total_params)$")
_AUXILIARY = re.compile(r"^(aux1|aux2|AuxLogits|sub_block1)\.")
_STATISTICS = re.compile(r"(^|[._])(mu|sigma|mean|std)$")
_NORMALISER = re.compile(r"(^|[._])normali[sz](e|er|ation)(?=[._]|$)", re.IGNORECASE)
MOST_CHANNELS = 4


@dataclass
class Layer:
    """Tensors with one prefix. `tensors` and `shapes` say for each role (weight, bias, running_mean ...) which."""

    name: str
    tensors: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    @property
    def is_norm(self) -> bool:
        """Whether it is a batch norm or another layer whose weight is a vector."""
        return len(self.shapes.get("weight", (0,))) == 1

    def signature(self, bias: bool = True) -> Signature:
        """What has to agree: roles and shapes; without `bias`, that of a matrix or kernel may be missing."""
        left_out = {COUNTER} if bias or self.is_norm else {COUNTER, "bias"}
        return tuple(sorted((role, shape) for role, shape in self.shapes.items() if role not in left_out))


def layers(tensors: Mapping[str, Tensor]) -> list[Layer]:
    """The layers of a state dict in the order in which each first appears."""
    found: dict[str, Layer] = {}
    for name, tensor in tensors.items():
        match = _LEAF.match(name)
        prefix, role = (match[1] or "", _ROLES[match[2]]) if match else (name, "value")
        layer = found.setdefault(prefix, Layer(prefix))
        layer.tensors[role] = name
        layer.shapes[role] = plain_shape(tensor.shape)
    return list(found.values())


def plain_shape(shape: Iterable[int]) -> Shape:
    """A shape without the ones at its end, down to two dimensions: a 1x1 convolution is as good as a linear layer."""
    plain = tuple(shape)
    while len(plain) > 2 and plain[-1] == 1:
        plain = plain[:-1]
    return plain


def is_beside(name: str, tensor: Tensor) -> bool:
    """Whether a tensor is no part of the network: a profiler's counters, a wrapper's normalisation, auxiliary heads.

    RobustBench's wide ResNets have a copy of their first block, `sub_block1`, through which no image goes.
    """
    if _COUNTS.search(name) or _AUXILIARY.match(name):
        return True
    return is_normaliser(name, tensor)


def is_normaliser(name: str, tensor: Tensor) -> bool:
    """Whether a tensor is the mean or deviation with which a wrapper normalises its images."""
    return tensor.numel() <= MOST_CHANNELS and bool(_STATISTICS.search(name) or _NORMALISER.search(name))
