"""Images in, classes out: the task of a recipe that names none."""

from collections.abc import Iterable
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.errors import UserError
from pruning.models.generative import Generative
from pruning.tasks.base import Batch, Draws, Lost, Phase, Score, Task


class Classification(Task):
    """Cross-entropy of the logits, taken in `precision`."""

    name = "classification"
    label = "Classification"
    score = Score("accuracy", "%", meaning="Share of the test images whose class is predicted rightly.")
    classifies_images = True
    by_image = True
    precision: ClassVar[torch.dtype] = torch.float32

    def check(self, model: nn.Module) -> None:
        """Raise UserError when the network makes images."""
        if isinstance(model, Generative):
            raise UserError(
                f"The network {type(model).__name__} makes images, no logits of classes; say what it is trained for, "
                'such as task = "vae".'
            )

    def loss(self, phase: Phase, model: nn.Module, batch: Batch, draws: Draws, smoothing: float = 0.0) -> Lost:
        """Give the mean cross-entropy in nats, and how many images are predicted rightly."""
        images, target = batch
        logits = model(images)
        loss = F.cross_entropy(logits.to(self.precision), target, label_smoothing=smoothing)
        return Lost(loss, (logits.detach().argmax(1) == target).sum())

    def evaluate(
        self, model: nn.Module, data: Dataset | None, batches: Iterable[Batch], draws: Draws
    ) -> tuple[float, float]:
        """Give the accuracy, in [0, 1], and the mean cross-entropy in nats."""
        right, loss, count = 0, 0.0, 0
        for images, labels in batches:
            logits, labels = model(images).to(self.precision).cpu(), labels.cpu()
            right += int((logits.argmax(1) == labels).sum())
            loss += float(F.cross_entropy(logits, labels, reduction="sum"))
            count += len(labels)
        return right / count, loss / count

    def summed_loss(self, model: nn.Module, batch: Batch, draws: Draws, temperature: float = 1.0) -> Tensor:
        """Give the summed cross-entropy of the logits divided by `temperature`."""
        images, labels = batch
        return F.cross_entropy(model(images) / temperature, labels, reduction="sum")


TASK = Classification()
