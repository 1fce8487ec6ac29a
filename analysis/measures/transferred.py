"""What the tables of transfer share: their settings, and the work on a ticket, done once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, Field, field_validator
from torch import Tensor

from analysis.engine.base import Context
from analysis.engine.networks import Network
from analysis.engine.settings import AnalysisConfig
from analysis.measures.temperature import scaled
from analysis.metrics import calibration, temperature
from analysis.results.offsets import pack_bits
from analysis.results.provenance import FOLDER, UNKNOWN
from analysis.transfer.prompt import BATCH, COUNTED, EVERY, STEPS, Frame
from analysis.transfer.target import Target, whole
from analysis.transfer.ways import Outcome, Subject
from pruning.data import folder, source_of
from pruning.errors import UserError
from pruning.models import features_and_logits
from pruning.models.classifier import widened
from pruning.training.precision import as_input, pick_device, settled

ALL = "all"
TASKS = frozenset({"classification"})
Budget = Annotated[int, Field(ge=1)] | Literal["all"]


class TransferOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        transfer: names of the data sets that tickets are transferred to; none by default.
        transfer_shots: how many images of each class are given, or "all".
        transfer_draws: how often these few are drawn.
        transfer_images: at most so many training and so many test images of a target are used, evenly spaced.
        transfer_share: how much of each side of a network's input the picture takes; around it is the prompt.
    """

    transfer: list[str] = []
    transfer_shots: Annotated[list[Budget], Field(min_length=1)] = [1, 5, 10, "all"]
    transfer_draws: Annotated[int, Field(ge=1, le=100)] = 3
    transfer_images: Annotated[int, Field(ge=20)] = 2000
    transfer_share: Annotated[float, Field(gt=0, lt=1)] = 0.57

    @field_validator("transfer", "transfer_shots", mode="before")
    @classmethod
    def _transfer_listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str | int) else value

    @field_validator("transfer")
    @classmethod
    def _transfer_known(cls, names: list[str]) -> list[str]:
        for name in names:
            source_of(name)
        return list(dict.fromkeys(names))

    @property
    def budgets(self) -> list[int]:
        """Images a class, rising; 0 for all, which comes last."""
        few = sorted({shots for shots in self.transfer_shots if isinstance(shots, int)})
        return few + [0] * (ALL in self.transfer_shots)


def options_of(settings: AnalysisConfig) -> TransferOptions:
    """The settings of transfer among a study's."""
    assert isinstance(settings, TransferOptions)
    return settings


def targets(settings: AnalysisConfig, images: int | None = None) -> Sequence[str]:
    """The data sets asked for."""
    return options_of(settings).transfer


def source(name: str) -> str:
    """The digest of a folder of images; other data sets are what their names say."""
    if source_of(name) is not None:
        return ""
    try:
        found = folder.digest(name)
    except OSError:
        found = ""
    return FOLDER + found if found else UNKNOWN


def matters(settings: AnalysisConfig, images: int) -> Mapping[str, object]:
    """What decides the numbers."""
    options = options_of(settings)
    return {
        "shots": options.budgets,
        "draws": options.transfer_draws,
        "images": options.transfer_images,
        "share": options.transfer_share,
    }


def cost(parts: Sequence[str], images: int, macs: int) -> float:
    """About the seconds that a ticket takes, if it is asked for four budgets and three draws."""
    passes = 5 * STEPS * BATCH * 3 + 10 * STEPS / EVERY * COUNTED
    return len(parts) * (3 + passes * macs / 5e9)


@dataclass
class Found:
    """What one ticket does on one target, by table: rows without the target's name."""

    results: list[dict[str, object]] = field(default_factory=list)
    mapping: list[dict[str, object]] = field(default_factory=list)
    prompts: list[dict[str, object]] = field(default_factory=list)
    bins: list[pd.DataFrame] = field(default_factory=list)


class Transferred:
    """The work on a ticket, target by target."""

    def __init__(self, context: Context) -> None:
        self.context, self.options = context, options_of(context.settings)
        self._found: dict[str, Found] = {}

    def rows(self, made: Callable[[Found], pd.DataFrame | Sequence[dict[str, object]]], columns: Sequence[str]) -> Any:
        """The rows of one table, of all targets asked for that can be had."""
        frames = []
        for name in self.options.transfer:
            if name not in self.context.parts:
                continue
            try:
                rows = pd.DataFrame(made(self.of(name)))
            except UserError as error:
                self.context.say(f"{error} (the target '{name}' is left out)" if name not in str(error) else str(error))
                continue
            frames.append(rows.assign(kind=name))
        frames = [frame for frame in frames if len(frame)]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(columns))

    def of(self, name: str) -> Found:
        """What it does on a target. Raises UserError when it cannot be transferred to it."""
        if name not in self._found:
            with settled(self.context.once(_network).macs):
                self._found[name] = self._transferred(name)
        return self._found[name]

    def _transferred(self, name: str) -> Found:
        target, found = _target(self.context, name), Found()
        subject = self._subject(target)
        draws = [(shots, draw) for shots in self.options.budgets for draw in range(self._draws(shots))]
        for place, (shots, draw) in enumerate(draws):
            self.context.progress(place / len(draws), f"transfer to {name}")
            try:
                rows = target.draw(shots, subject.seed, draw)
            except UserError as error:
                self.context.say(str(error))
                continue
            for outcome in subject.outcomes(rows, draw):
                _note(found, outcome, target, shots, draw, len(rows))
        return found

    def _draws(self, shots: int) -> int:
        """All images are drawn but once."""
        return self.options.transfer_draws if shots else 1

    def _subject(self, target: Target) -> Subject:
        network, ticket = self.context.once(_network), self.context.ticket
        shape = tuple(ticket.info.shape)
        frame = Frame.of((shape[0], shape[1], shape[2]), self.options.transfer_share)
        parts = target.train.images, target.test.images
        pictures = features = None
        if len(target.classes) > network.classes:
            self.context.say(
                f"The target '{target.name}' has {len(target.classes)} classes and the networks only "
                f"{network.classes}, which cannot stand for them: it has no prompt and no mapping, but a probe."
            )
        else:
            train, test = (frame.fitted(part).to(network.device) for part in parts)
            pictures = train, test
        if network.without:
            self.context.say(f"{network.without} So it has no probe.")
        else:
            train, test = (_features(network, part, frame.shape) for part in parts)
            if not (train.isfinite().all() and test.isfinite().all()):
                raise UserError(f"Ticket {ticket.id} gives features that are not finite for '{target.name}'.")
            features = train, test
        return Subject(lambda x: _logits(network, x), target, frame, pictures, features, ticket.recipe.seed)


def _network(context: Context) -> Network:
    """The ticket's network, whose weights take no gradient; always in float32, as prompts are learnt through it."""
    network = Network.of(context.ticket, pick_device(), "float32")
    network.module.requires_grad_(False)
    return network


def _target(context: Context, name: str) -> Target:
    """The target, read once for all tickets that a process measures."""
    most, key = options_of(context.settings).transfer_images, ("target", name)
    if key not in context.process:
        context.process[key] = Target.read(name, most, context.root)
    found = context.process[key]
    assert isinstance(found, Target)
    return found


def _input(network: Network, images: Tensor) -> Tensor:
    """Images float32 in [0, 1] as the network was trained on them."""
    mean, std = (torch.tensor(each, device=images.device).view(1, -1, 1, 1) for each in (network.mean, network.std))
    return as_input((images - mean) / std, network.device, network.macs)


def _logits(network: Network, images: Tensor) -> Tensor:
    found = widened(network.module(_input(network, images)))
    if not found.isfinite().all():
        raise UserError("The network gives logits that are not finite, so that nothing can be transferred with it.")
    return found


@torch.no_grad()
def _features(network: Network, images: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Made once for all probes."""
    parts = (whole(part.to(network.device), shape) for part in images.split(BATCH))
    return torch.cat([features_and_logits(network.module, _input(network, part))[0] for part in parts])


def _note(found: Found, outcome: Outcome, target: Target, shots: int, draw: int, trained: int) -> None:
    """Write down what came of a way: of the first draw also the mapping, the prompt and the bins."""
    place: dict[str, object] = {"way": outcome.way, "shots": shots, "draw": draw}
    logits, labels = outcome.logits, target.test.labels
    sure, right = _sure(logits, labels)
    after = scaled(logits.numpy(), labels.numpy())
    found.results.append(
        place
        | {"trained": trained, "n": len(labels), "accuracy": float(right.mean())}
        | {"ece": calibration.ece(sure, right), "nll": float(calibration.nll(logits, labels).mean())}
        | {"brier": float(calibration.brier(logits, labels).mean()), "temperature": after["temperature"]}
        | {f"scaled_{name}": after[name] for name in ("ece", "nll", "brier")}
        | {"right": pack_bits(right)}
    )
    if draw:
        return
    found.bins += [bins.assign(way=outcome.way, shots=shots) for bins in _bins(logits.numpy(), labels.numpy())]
    prompt = outcome.prompt
    if prompt is not None:
        counts = prompt.counts.cpu().numpy()
        chosen = {(int(source), label) for label, source in enumerate(prompt.mapping)}
        kept = sorted(chosen | set(map(tuple, np.argwhere(counts).tolist())))
        found.mapping += [
            {**place, "source": s, "target": t, "count": int(counts[s, t]), "chosen": (s, t) in chosen} for s, t in kept
        ]
        pixels = (255 * prompt.pixels.cpu()).round().to(torch.uint8).numpy()
        (top, left), (height, width) = prompt.frame.corner, prompt.frame.inner
        inner = {"top": top, "left": left, "height": height, "width": width}
        if pixels.any():
            found.prompts.append({**place, **inner, "pixels": pixels.tobytes()})


def _sure(logits: Tensor, labels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """How sure the predictions are, and whether they are right."""
    confidence, predicted = torch.softmax(logits.double(), dim=1).max(dim=1)
    return confidence.clamp(max=1).numpy(), (predicted == labels).numpy()


def _bins(logits: np.ndarray, labels: np.ndarray) -> Iterator[pd.DataFrame]:
    """Reliability before temperature scaling and after."""
    after = temperature.cross_fitted(logits, labels).logs
    for scaled_too, each in enumerate((logits, after)):
        bins = calibration.bins(*_sure(torch.from_numpy(each), torch.from_numpy(labels)))
        yield bins.assign(scaled=bool(scaled_too))
