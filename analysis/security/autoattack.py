"""AutoAttack, by its authors' own package, told apart by attack.

Croce & Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks" (ICML
2020). The standard version: APGD on cross-entropy, APGD on the targeted difference of logits ratio and FAB (Croce &
Hein, ICML 2020), each for the nine classes that come next, 100 iterations from one start; and Square (Andriushchenko et
al., ECCV 2020), a black box of 5,000 queries. What withstands all four is what RobustBench reports.

One thing is done beside the standard: Square also attacks what a gradient broke before, so that white and black boxes
can be compared. That changes nothing of what withstands all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.security.pixels import ROUNDING, Ball, Norm, Pixels
from pruning.errors import UserError
from pruning.progress import Progress, quiet
from pruning.training.seeds import derived_seed

ITERATIONS, TARGETS, QUERIES = 100, 9, 5000
AT_ONCE = 100  # images; what is drawn depends on it
FEWEST = 4  # classes, without which the targeted ratio has no denominator
SMALLEST = 5  # pixels of a side, with fewer of which Square in L2 has no tiles
PARTS = {
    "apgd_ce": "APGD on cross-entropy",
    "apgd": "APGD on cross-entropy, then targeted",
    "white": "APGD, then FAB-T: all that know the gradients",
    "square": "Square, a black box",
    "autoattack": "all four",
}
"""What is told apart, and what it is."""
NORMS: dict[Norm, str] = {"linf": "Linf", "l2": "L2"}
Attack = Callable[[Tensor, Tensor], Tensor]


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
        network: in evaluation mode, on the device of the images; its parameters take no gradient after.
        images: float32 [N, C, H, W] in [0, 1].
        labels: int64 [N], the true classes.
        ball: how far an attack may go.
        seed: of the random starts and squares, drawn anew for every 100 images.
        queries: of Square.
        progress: told how far it is.

    Returns:
        "clean" and each of `PARTS`: bool [N]. With fewer than four classes the targeted APGD is left out.

    Raises:
        UserError: the package is not installed, or the images are smaller or less square than Square in L2 needs.
    """
    made = _package()
    _fits(images, ball)
    network.requires_grad_(False)
    found: dict[str, list[Tensor]] = {name: [] for name in ("clean", *PARTS)}
    for start in range(0, len(images), AT_ONCE):
        part, truth = images[start : start + AT_ONCE], labels[start : start + AT_ONCE]

        def say(share: float, text: str, begun: int = start, more: int = len(part)) -> None:
            progress((begun + share * more) / len(images), f"{text}, {ball.name}")

        with _own_randomness(images.device):
            drawn = derived_seed(seed, "autoattack", ball.name, start) % 2**32
            attacks = made(_Told(network), norm=NORMS[ball.norm], eps=ball.radius, seed=drawn, device=images.device)
            each = _Attacks(attacks, network, ball, queries, say).all(part, truth)
        for name, right in each.items():
            found[name].append(right)
    return {name: torch.cat(parts).cpu().numpy() for name, parts in found.items()}


class _Attacks:
    """The four attacks on a part of the images."""

    def __init__(self, package: Any, network: Pixels, ball: Ball, queries: int, say: Progress) -> None:
        self.package, self.network, self.ball, self.say = package, network, ball, say
        package.apgd.loss, package.fab.targeted, package.square.n_queries = "ce", True, queries
        for attack in (package.apgd, package.apgd_targeted, package.fab):
            attack.n_iter = ITERATIONS

    def all(self, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Which images stay right: an attack by gradient sees what those before it have left."""
        self.say(0.0, "APGD")
        clean = self.network.right(images, labels)
        with torch.no_grad():
            classes = self.network(images[:1]).shape[1]
        package, targets = self.package, min(TARGETS, classes - 1)
        package.apgd_targeted.n_target_classes = package.fab.n_target_classes = targets
        passes = [ITERATIONS, targets * ITERATIONS, 2 * targets * ITERATIONS, package.square.n_queries]
        shares = np.cumsum([0, *passes]) / sum(passes)

        def left(right: Tensor, attack: Attack, name: str, place: int) -> Tensor:
            def say(asked: int) -> None:
                begun, ended = shares[place : place + 2]
                self.say(begun + (ended - begun) * min(1.0, asked / passes[place]), name)

            package.model.tell(say)
            return self._left(right, images, labels, attack)

        entropy = left(clean, package.apgd.perturb, "APGD", 0)
        apgd = left(entropy, package.apgd_targeted.perturb, "targeted APGD", 1) if classes >= FEWEST else entropy
        white = left(apgd, package.fab.perturb, "targeted FAB", 2)
        square = left(clean, package.square.perturb, "Square", 3)
        return {
            "clean": clean,
            "apgd_ce": entropy,
            "apgd": apgd,
            "white": white,
            "square": square,
            "autoattack": white & square,
        }

    def _left(self, right: Tensor, images: Tensor, labels: Tensor, attack: Attack) -> Tensor:
        """Which images stay right when those of them that are so far are attacked."""
        kept = right.clone()
        if right.any():
            clean, truth = images[right], labels[right]
            made = attack(clean.clone(), truth.clone())
            inside = self.ball.length(made - clean) <= self.ball.radius * (1 + ROUNDING)
            kept[right] = self.network.right(made, truth) | ~inside
        return kept


class _Told(nn.Module):
    """The network, which tells now and then how often an attack has asked it."""

    EVERY = 20

    def __init__(self, network: Pixels) -> None:
        super().__init__()
        self.network = network

    def tell(self, progress: Callable[[int], None]) -> None:
        """Begin anew with an attack."""
        self.progress, self.asked = progress, 0

    def forward(self, images: Tensor) -> Tensor:
        self.asked += 1
        if self.asked % self.EVERY == 0:
            self.progress(self.asked)
        logits: Tensor = self.network(images)
        return logits


def _fits(images: Tensor, ball: Ball) -> None:
    """Square in L2 begins with tiles of a fifth of the height, in rows and columns."""
    height, width = images.shape[2:]
    if ball.norm == "l2" and (height != width or height < SMALLEST):
        raise UserError(
            f"AutoAttack in L2 needs square images of at least {SMALLEST} pixels a side, and these have {height} x "
            f"{width}: leave out `autoattack_l2` in [analysis], or attack by gradient (`security_l2`)."
        )


def _package() -> Any:
    """Imported when it is needed; it says nothing of its types."""
    try:
        from pyautoattack import AutoAttack
    except ImportError:
        raise UserError(
            'AutoAttack needs its authors\' package; install it by: pip install "pruning-side-by-side[attacks]".'
        ) from None
    return AutoAttack


@contextmanager
def _own_randomness(device: torch.device) -> Iterator[None]:
    """Torch's global random numbers, which the package seeds, as they were when it is done."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.inference_mode(False), torch.enable_grad():
        yield
