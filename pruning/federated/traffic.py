"""How many bits the server and its clients send each other.

Once for each client that takes part: down the seed of the initial weights and the mask, up how many images it has. In
every round: down to each client what it begins with, unless the seed says it, and up what it has learnt. What votes or
masks are counted as is exact: over clients that have n images together a sum of signs has n + 1 possible values.
"""

from dataclasses import dataclass

FLOAT, COUNT, SEED = 32, 32, 32


@dataclass(frozen=True)
class Sizes:
    """How much there is to send.

    Attributes:
        kept: weights that the mask keeps; total: prunable weights.
        others: parameters that are trained beside them, such as biases; 0 where they are frozen.
        buffers: floating-point numbers that training moves, such as the statistics of batch norm.
    """

    kept: int
    total: int
    others: int = 0
    buffers: int = 0


def mask_bits(sizes: Sizes) -> int:
    """Bits of the mask: a bit for each weight, or the places of those kept, whichever is shorter; 0 of a full one."""
    if sizes.kept == sizes.total:
        return 0
    return min(sizes.total, sizes.kept * (sizes.total - 1).bit_length())


def joining(sizes: Sizes) -> tuple[int, int]:
    """Bits up and down when a client takes part for the first time."""
    return COUNT, SEED + mask_bits(sizes)


def floats(sizes: Sizes) -> int:
    """Bits of the network's kept weights and of all else that is trained."""
    return FLOAT * (sizes.kept + sizes.others + sizes.buffers)


def bits(sizes: Sizes) -> int:
    """Bits of one bit for each kept weight, and of the buffers."""
    return sizes.kept + FLOAT * sizes.buffers


def votes(sizes: Sizes, images: int) -> int:
    """Bits of a sum over clients, for each kept weight, of how many images they have together, and of the buffers."""
    return sizes.kept * images.bit_length() + COUNT + FLOAT * sizes.buffers
