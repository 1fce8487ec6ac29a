"""What tasks of networks that make images share: inputs in [0, 1], their parts, noise from seeded generators."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.errors import UserError
from pruning.tasks.base import Batch, Draws, Task


class Generative(Task):
    """A task of networks that make images; the networks that fit it are those of `pruning.models.generative`.

    Attributes:
        fitting: the network that a sentence recommends.
        asks: attributes and methods beside the parts, as `pruning.models.generative.Generative` has them.
    """

    fitting: ClassVar[str]
    asks: ClassVar[tuple[str, ...]] = ("latent", "decode")

    def dataset(self, data: Dataset) -> Dataset:
        """Give the data set with pixels in [0, 1], as the networks make them."""
        channels = data.shape[0]
        return replace(data, mean=(0.0,) * channels, std=(1.0,) * channels)

    def check(self, model: nn.Module) -> None:
        """Raise UserError when the network lacks a part that is trained, or what is asked of it beside."""
        missing = [part for part in self.parts if not isinstance(getattr(model, part, None), nn.Module)]
        missing = missing or [name for name in self.asks if not hasattr(model, name)]
        if missing:
            trained, asked, lacking = (" and ".join(names) for names in (self.parts, self.asks, missing))
            raise UserError(
                f"Task '{self.name}' trains {trained} and asks for {asked}, and the network {type(model).__name__} has "
                f"no {lacking}; take a network such as '{self.fitting}' or '{self.fitting}_mlp', or a class of your "
                "own like those in `pruning.models.generative`."
            )

    def mean_loss(self, model: nn.Module, batches: Iterable[Batch], draws: Draws) -> float:
        """Give the mean loss over batches, the sum over the phases; each batch has noise of its own."""
        total, count = 0.0, 0
        for place, batch in enumerate(batches):
            total += float(self.summed_loss(model, batch, numbered(draws, place)))
            count += len(batch[1])
        return total / count


def numbered(draws: Draws, place: int) -> Draws:
    """Give other draws for each place."""
    return lambda *purpose: draws(*purpose, place)


def normal(draws: Draws, like: Tensor, *shape: int, purpose: tuple[Any, ...]) -> Tensor:
    """Draw standard normal numbers of a shape for a purpose, on the device of `like`."""
    return torch.randn(*shape, generator=draws(*purpose)).to(like.device)
