"""Networks that are not here: what they made of the test images was recorded, and is read from files.

A file holds logits and features under one condition, and is named after the digest of what is in it, so that none
passes for another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from analysis.corruptions.conditions import Condition
from analysis.engine.images import TestImages
from analysis.engine.networks import Network, Output
from analysis.metrics import geometry
from pruning.errors import UserError
from pruning.files import leads_out, write_atomically
from pruning.study.folder import RECORDED, Entry
from pruning.ticket import Ticket
from pruning.training.recording import Recording, of_elsewhere

LOGITS, FEATURES, WEIGHT, BIAS = "logits", "features", "weight", "bias"
OF_LAYERS = "layers "
"""What the names of files of inner layers begin with."""
OUTPUTS = "outputs"  # the tensor of a recorded ticket that stands for its files


def network_of(ticket: Ticket, device: torch.device, precision: str = "auto") -> Network:
    """A ticket's network on a device, ready to be shown images: built from its weights, or replayed.

    Raises:
        UserError: it was packed without either.
    """
    recording = ticket.info.recording
    if recording is not None and not ticket.state:
        raise UserError(recording.without_weights(ticket.recipe.label))
    return Network.of(ticket, device, precision) if recording is None else Replayed.of(ticket, device)


def written_under(condition: Condition) -> str:
    """A condition as recordings name it: ``fog 3``."""
    return f"{condition[0]} {condition[1]}"


def recorded_under(entry: Entry, condition: Condition, layers: bool = False) -> bool:
    """Whether a ticket can be had under a condition, or its inner `layers`: a recorded one where it was recorded."""
    recording = of_elsewhere(entry.info.recording)
    return recording is None or written_under(condition) in (recording.layers if layers else recording.outputs)


@dataclass(frozen=True)
class Replayed(Network):
    """A network whose outputs on a study's test images are read from files, a condition at a time.

    Attributes:
        label: the ticket's. recording: what was recorded. folder: where the files lie.
    """

    label: str = ""
    recording: Recording = field(default_factory=lambda: Recording(images="", outputs={}))
    folder: Path = Path()
    _last: dict[Condition, Output] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, ticket: Ticket, device: torch.device, precision: str = "auto") -> Self:
        """The network of a ticket that was recorded and read from its file."""
        recording, folder = ticket.info.recording, ticket.folder
        assert recording is not None  # as of each that was recorded
        assert folder is not None  # as of each that was read
        weight, bias = (ticket.state[name].to(device) for name in (WEIGHT, BIAS))
        return cls(
            torch.nn.Identity(),
            weight,
            bias,
            geometry.class_gaps(weight),
            recording.macs,
            "float32",
            device,
            tuple(ticket.info.mean),
            tuple(ticket.info.std),
            recording.without,
            ticket.recipe.label,
            recording,
            folder.parent / RECORDED / ticket.id,
        )

    def check(self, images: TestImages) -> None:
        """Raise UserError when it was recorded on other images, or in another order."""
        if images.digest != self.recording.images:
            raise UserError(
                f"'{self.label}' was recorded on other test images than the study has now, and is left out; record it "
                "again."
            )

    def replay(self, condition: Condition, index: Tensor) -> Output:
        """What it made of the images at these places, int64 [n], under a condition.

        Raises:
            UserError: that was not recorded, or the file is damaged.
        """
        if condition not in self._last:
            self._last.clear()
            self._last[condition] = self._read(condition)
        found = self._last[condition]
        return Output(found.features[index].to(self.device), found.logits[index].to(self.device))

    def replays(self, conditions: Sequence[Condition], index: Tensor) -> Output:
        """What it made of these images under one condition after the other; arguments and errors as for `replay`."""
        found = [self.replay(condition, index) for condition in conditions]
        return Output(torch.cat([each.features for each in found]), torch.cat([each.logits for each in found]))

    def show(
        self,
        images: Tensor,
        labels: Tensor,
        inputs: dict[object, Tensor],
        layers: Collection[str] = (),
        gradients: bool = False,
    ) -> Output:
        """Say that it can be shown nothing. Raises UserError."""
        raise UserError(
            f"'{self.label}' was recorded: no other images than the study's test images can be shown to it."
        )

    def attacked(self, images: Tensor, labels: Tensor, name: str, severity: int, *, seed: int, index: Tensor) -> Tensor:
        """The images as they are: what it minded most is not kept, only what it made of them."""
        return images

    def _read(self, condition: Condition) -> Output:
        written = written_under(condition)
        digest = self.recording.outputs.get(written)
        if digest is None:
            raise UserError(f"'{self.label}' was not recorded under {written}.")
        stored = self.read(written, digest)
        return Output(stored[FEATURES], stored[LOGITS])

    def read(self, written: str, digest: str) -> dict[str, Tensor]:
        """The tensors of a file. Raises UserError where it is gone or damaged."""
        path = self.folder / file_name(written, digest)
        try:
            if leads_out(path, self.folder):
                raise OSError
            stored = load_file(path, backend="pread")
        except (SafetensorError, OSError, ValueError):
            stored = {}
        if not stored or digest_of(stored) != digest:
            raise UserError(f"The recording {path} of '{self.label}' is gone or damaged; record it again.")
        return stored


def unread(network: Network, condition: Condition) -> str:
    """Why what was recorded of a network cannot be read; "" where it can, or none was."""
    if isinstance(network, Replayed):
        try:
            network.replay(condition, torch.zeros(0, dtype=torch.int64))
        except UserError as error:
            return str(error)
    return ""


def keep(folder: Path, ticket_id: str, written: str, tensors: dict[str, Tensor]) -> tuple[str, Path | None]:
    """Write what a network made of the images, under what is `written`, into the study `folder`.

    Returns:
        The digest, and the file; None where it was there already.

    Raises:
        WriteError: the disk will not take it.
    """
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    digest = digest_of(tensors)
    path = folder / RECORDED / ticket_id / file_name(written, digest)
    if path.exists():
        return digest, None
    write_atomically(path, partial(_save, tensors))
    return digest, path


def keep_only(folder: Path, ticket_id: str, recording: Recording) -> None:
    """Remove what a ticket's recording no longer names."""
    layers = {f"{OF_LAYERS}{condition}": digest for condition, digest in recording.layers.items()}
    named = {file_name(*each) for each in [*recording.outputs.items(), *layers.items()]}
    for path in (folder / RECORDED / ticket_id).glob("*.safetensors"):
        if path.name not in named:
            path.unlink(missing_ok=True)


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    save_file(tensors, path)


def file_name(written: str, digest: str) -> str:
    """The file of what was recorded under a condition."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', written)}.{digest}.safetensors"


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """16 hex digits of names, shapes and values."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(tensors):
        digest.update(f"{name} {list(tensors[name].shape)}\n".encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()
