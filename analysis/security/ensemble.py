"""Three of the four attacks of AutoAttack, by the parts that the Adversarial Robustness Toolbox has.

AutoAttack (Croce & Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free
Attacks", ICML 2020) is APGD on cross-entropy, APGD on the targeted difference of logits ratio, FAB-T and Square. The
toolbox's class of that name is another ensemble (DeepFool in place of FAB, no targets), and it has no FAB at all. So
this is **not AutoAttack**: AutoAttack has one attack more. As published are

- APGD: 100 iterations, one random start, a first step of twice the size, once on cross-entropy, then on the targeted
  ratio (the loss is written here) for each of the nine classes that come next on the clean image;
- any iterate that is misclassified counts, where the toolbox looks at the last one alone;
- Square (Andriushchenko et al., ECCV 2020), the black-box search: 5,000 queries, a first share of 0.8.

The toolbox's Square draws one square for all images of a batch; in L2 it shares out the norm otherwise than published.
Each image is attacked by APGD on cross-entropy and by Square, whatever the other did, so that white and black boxes can
be compared, and by the targeted APGD where the first failed. What withstands all three is counted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analysis.security.pixels import ROUNDING, Ball, Pixels
from pruning.errors import UserError
from pruning.progress import Progress, quiet
from pruning.training.seeds import derived_seed

ITERATIONS, TARGETS, QUERIES, SHARE = 100, 9, 5000, 0.8
AT_ONCE = 100  # images; what is drawn depends on it
FEWEST = 4  # classes, without which the targeted ratio has no denominator
PARTS = {
    "apgd_ce": "APGD on cross-entropy",
    "apgd": "APGD on cross-entropy, then targeted",
    "square": "Square, a black box",
    "ensemble": "all three",
}
"""What is told apart, and what it is."""


def withstood(
    network: Pixels,
    images: Tensor,
    labels: Tensor,
    ball: Ball,
    *,
    seed: int = 0,
    queries: int = QUERIES,
    progress: Progress = quiet,
) -> Mapping[str, np.ndarray]:
    """Which images are classified right, clean and under each attack.

    Args:
        network: in evaluation mode, on the device of the images (a CPU or CUDA); its parameters take no gradient after.
        images: float32 [N, C, H, W] in [0, 1].
        labels: int64 [N], the true classes.
        ball: how far an attack may go.
        seed: of the random starts and squares, drawn anew for every 100 images.
        queries: of Square.
        progress: told how far it is.

    Returns:
        "clean" and each of `PARTS`: bool [N]. With fewer than four classes the targeted APGD is left out.

    Raises:
        UserError: the toolbox is not installed, or the network cannot be attacked.
    """
    toolbox = _toolbox()
    network.requires_grad_(False)
    found: dict[str, list[Tensor]] = {name: [] for name in ("clean", *PARTS)}
    for start in range(0, len(images), AT_ONCE):
        part, truth = images[start : start + AT_ONCE], labels[start : start + AT_ONCE]

        def say(share: float, text: str, start: int = start) -> None:
            progress((start + share * AT_ONCE) / len(images), f"{text}, {ball.name}")

        try:
            with _seeded(derived_seed(seed, "ensemble", ball.name, start)):
                each = _Attacks(toolbox, network, ball, queries, say).all(part, truth)
        except ValueError as error:  # outputs that are probabilities, images that no square fits into
            reason = str(error).splitlines()[0].rstrip(".")
            raise UserError(
                f"The Adversarial Robustness Toolbox cannot attack this network ({reason}): leave out `ensemble_linf` "
                "and `ensemble_l2` in [analysis], or attack by gradient (`security_linf`, `security_l2`)."
            ) from error
        for name, right in each.items():
            found[name].append(right)
    return {name: torch.cat(parts).cpu().numpy() for name, parts in found.items()}


class _Attacks:
    """The three attacks on a part of the images."""

    def __init__(self, toolbox: _Toolbox, network: Pixels, ball: Ball, queries: int, say: Progress) -> None:
        self.toolbox, self.network, self.ball, self.queries, self.say = toolbox, network, ball, queries, say
        self.watched = _Watched(network)

    def all(self, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
        self.say(0.0, "APGD")
        clean = self.network.right(images, labels)
        entropy = self._where(clean, images, labels, self._by_entropy)
        targeted = self._where(entropy, images, labels, self._targeted)
        self.say(0.5, "Square")
        square = self._where(clean, images, labels, self._square)
        return {
            "clean": clean,
            "apgd_ce": entropy,
            "apgd": targeted,
            "square": square,
            "ensemble": targeted & square,
        }

    @staticmethod
    def _where(right: Tensor, images: Tensor, labels: Tensor, attack: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Which images stay right when those of them that are so far are attacked."""
        kept = right.clone()
        if right.any():
            kept[right] = attack(images[right], labels[right])
        return kept

    def _by_entropy(self, images: Tensor, labels: Tensor) -> Tensor:
        return self._apgd(images, labels, _CrossEntropy())

    def _targeted(self, images: Tensor, labels: Tensor) -> Tensor:
        with torch.no_grad():
            logits = self.network(images)
        kept = torch.ones_like(labels, dtype=torch.bool)
        if logits.shape[1] < FEWEST:
            return kept
        others = logits.scatter(1, labels[:, None], float("-inf")).argsort(dim=1, descending=True)
        targets = min(TARGETS, logits.shape[1] - 1)
        for place in range(targets):
            self.say(0.1 + 0.4 * place / targets, "targeted APGD")
            if kept.any():
                loss = _TargetedRatio(others[kept, place])
                kept[kept.clone()] = self._apgd(images[kept], labels[kept], loss)
        return kept

    def _apgd(self, images: Tensor, labels: Tensor, loss: nn.Module) -> Tensor:
        """Which images no iterate of APGD gets misclassified."""
        classifier, radius = self._classifier(self.watched, images, loss), self.ball.radius
        attack = self.toolbox.apgd(
            estimator=classifier, norm=self._norm, eps=radius, eps_step=2 * radius, max_iter=ITERATIONS,
            nb_random_init=1, batch_size=len(images), loss_type=None, verbose=False,
        )  # fmt: skip
        missed = self.watched.watch(labels)
        try:
            attack.generate(x=images.cpu().numpy(), y=_one_hot(labels, classifier.nb_classes))
        finally:
            self.watched.labels = None
        return ~missed

    def _square(self, images: Tensor, labels: Tensor) -> Tensor:
        classifier = self._classifier(self.network, images, _CrossEntropy())
        attack = self.toolbox.square(
            estimator=classifier, norm=self._norm, eps=self.ball.radius, max_iter=self.queries,
            p_init=self._share(*images.shape[2:]), nb_restarts=1, batch_size=len(images), verbose=False,
        )  # fmt: skip
        with np.errstate(all="ignore"):  # in L2 it divides by the norm of tiles that small images do not have
            made = attack.generate(x=images.cpu().numpy(), y=_one_hot(labels, classifier.nb_classes))
        found = torch.from_numpy(np.nan_to_num(made).astype(np.float32)).to(images.device)
        inside = self.ball.length(found - images) <= self.ball.radius * (1 + ROUNDING)
        return self.network.right(found, labels) | ~inside

    def _share(self, height: int, width: int) -> float:
        """The first square's share of the image: as published, as far as such a square fits into it."""
        side = min(height, width) - 1
        if self.ball.norm == "l2" and side % 2 == 0:  # there it has a middle
            side -= 1
        return min(SHARE, side**2 / (height * width))

    @property
    def _norm(self) -> float:
        return np.inf if self.ball.norm == "linf" else 2

    def _classifier(self, network: nn.Module, images: Tensor, loss: nn.Module) -> Any:
        """The network as the toolbox wants it."""
        with torch.no_grad():
            classes = network(images[:1]).shape[1]
        kind = "gpu" if images.is_cuda else "cpu"
        made = self.toolbox.classifier(
            model=network, loss=loss, input_shape=tuple(images.shape[1:]), nb_classes=classes, clip_values=(0.0, 1.0),
            device_type=kind,
        )  # fmt: skip

        def predict(x: np.ndarray, batch_size: int = 0, **_: object) -> np.ndarray:
            """All at once: the toolbox's own way collates image by image, which takes longer than a small network."""
            with torch.no_grad():
                logits: Tensor = network(torch.from_numpy(np.asarray(x, dtype=np.float32)).to(images.device))
            return np.asarray(logits.cpu().numpy())

        made.predict = predict
        return made


class _Watched(nn.Module):
    """The network, which notes whose class it was ever made to miss."""

    def __init__(self, network: Pixels) -> None:
        super().__init__()
        self.network = network
        self.labels: Tensor | None = None
        self.missed = torch.empty(0)

    def watch(self, labels: Tensor) -> Tensor:
        """From now on all images shown have these labels, [N]; gives what is noted, bool [N], which changes."""
        self.labels, self.missed = labels, torch.zeros_like(labels, dtype=torch.bool)
        return self.missed

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        if self.labels is not None and len(images) == len(self.labels):
            self.missed |= logits.detach().argmax(dim=1) != self.labels
        return logits


class _Loss(nn.Module):
    """A loss as the toolbox calls it: summed, or image by image; to be raised."""

    def __init__(self) -> None:
        super().__init__()
        self.reduction = "sum"

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, logits: Tensor, one_hot: Tensor) -> Tensor:
        found = self.each(logits, one_hot.argmax(dim=1))
        return found if self.reduction == "none" else found.sum()


class _CrossEntropy(_Loss):
    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels, reduction="none")


class _TargetedRatio(_Loss):
    """(z_t - z_y) over the largest logit less the mean of the third and the fourth, for the targets t, [N]."""

    def __init__(self, targets: Tensor) -> None:
        super().__init__()
        self.targets = targets

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        own, wanted = (logits.gather(1, at[:, None])[:, 0] for at in (labels, self.targets))
        top = logits.topk(FEWEST, dim=1).values
        return (wanted - own) / (top[:, 0] - (top[:, 2] + top[:, 3]) / 2 + 1e-12)


def _one_hot(labels: Tensor, classes: int) -> np.ndarray:
    return F.one_hot(labels, classes).float().cpu().numpy()


class _Toolbox(NamedTuple):
    """What is taken from the toolbox, which says nothing of its types."""

    apgd: Any
    square: Any
    classifier: Any


def _toolbox() -> _Toolbox:
    """Imported when it is needed, as that takes seconds."""
    try:
        from art.attacks.evasion import AutoProjectedGradientDescent, SquareAttack
        from art.estimators.classification import PyTorchClassifier
    except ImportError:
        raise UserError(
            "The ensemble of attacks needs the Adversarial Robustness Toolbox; install it by: pip install "
            '"pruning-side-by-side[attacks]".'
        ) from None
    return _Toolbox(AutoProjectedGradientDescent, SquareAttack, PyTorchClassifier)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The global random numbers, which the toolbox draws from, seeded for once and then as they were."""
    numpy, python = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        np.random.seed(seed % 2**32)  # noqa: NPY002
        random.seed(seed)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        np.random.set_state(numpy)  # noqa: NPY002
        random.setstate(python)
