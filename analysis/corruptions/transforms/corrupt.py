"""A corruption as a transform of torchvision's, to test on corrupted images or to train with them."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from analysis.corruptions.checks import check_severity
from analysis.corruptions.layouts import Layout
from analysis.corruptions.making import corrupt
from analysis.corruptions.registry import get_corruption
from pruning.errors import UserError

MOST = 2**31


class Corrupt(v2.Transform):  # type: ignore[misc]
    """Corrupts each image that passes, a single one or a batch, in any form that `corrupt` takes.

    Noise and a drawn severity come from torch's global generator, as in torchvision's own transforms, so that
    `torch.manual_seed` repeats them and each call differs.
    """

    def __init__(self, name: str, severity: int | Sequence[int] = (1, 2, 3, 4, 5)) -> None:
        """Make it.

        Args:
            name: of the corruption, one of `analysis.corruptions.CORRUPTIONS`.
            severity: 1 to 5; of several, one is drawn for each call.

        Raises:
            UserError: there is no such corruption or severity.
        """
        super().__init__()
        self.name = get_corruption(name).name
        self.severities = tuple(severity) if isinstance(severity, Iterable) else (severity,)
        if not self.severities:
            raise UserError("Give a severity from 1 to 5, or several of which one is drawn.")
        for each in self.severities:
            check_severity(each, name)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw the severity and the seed of the noise."""
        place, seed = int(torch.randint(len(self.severities), ())), int(torch.randint(MOST, ()))
        return {"severity": self.severities[place], "seed": seed}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Corrupt what is an image."""
        if isinstance(inpt, tv_tensors.TVTensor) and not isinstance(inpt, tv_tensors.Image):
            return inpt
        plain = inpt.as_subclass(Tensor) if isinstance(inpt, tv_tensors.Image) else inpt
        layout: Layout | None = ("CHW" if plain.ndim == 3 else "NCHW") if isinstance(plain, Tensor) else None
        found = corrupt(plain, self.name, layout=layout, **params)
        return tv_tensors.wrap(found, like=inpt) if isinstance(inpt, tv_tensors.Image) else found

    def extra_repr(self) -> str:
        """Say what is done."""
        return f"{self.name!r}, {self.severities[0] if len(self.severities) == 1 else self.severities}"
