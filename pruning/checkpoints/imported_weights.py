"""Imported weights: what a recipe says of them, and how a study keeps them, in one file named for what is in it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.files import leads_out, write_atomically
from pruning.masks import Masks, full_masks
from pruning.models import prunable
from pruning.validation import Frozen

FOLDER = "imports"
MASK = "_mask"
DIGITS = 12
NAMES, NAMES_DIGEST = "names", "names_digest"

Origins = dict[str, tuple[str, tuple[int, ...]]]
"""Our name of a tensor -> the name and the shape that it came with."""
_ORIGINS = TypeAdapter(Origins)


class Start(Frozen):
    """Imported weights that a recipe starts from in place of an initialisation, and the normalisation they expect.

    `weights` is the digest of the tensors; a study keeps them in `imports/`. `mean` and `std`
    have a value a channel, on the scale 0 to 1. `sparsity` is the fraction of the prunable weights that came pruned.
    """

    weights: Annotated[str, Field(pattern=f"^[0-9a-f]{{{DIGITS}}}$")]
    mean: Annotated[tuple[float, ...], Field(min_length=1)]
    std: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.0


@dataclass(frozen=True)
class Imported:
    """Weights that were trained elsewhere.

    Attributes:
        state: a full state dict in the names of a model.
        masks: those of its prunable weights that came pruned, bool, True = kept; none when the network is dense.
        origins: what the tensors were called; they are kept beside the weights, and are no part of the digest.
    """

    state: dict[str, Tensor]
    masks: Masks
    origins: Mapping[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict, compare=False)

    @cached_property
    def digest(self) -> str:
        """12 hexadecimal digits of the SHA-256 of names, shapes, types and values."""
        found = hashlib.sha256()
        for name, value in sorted(self._tensors().items()):
            found.update(f"{name} {tuple(value.shape)} {value.dtype}\n".encode())
            found.update(value.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()[:DIGITS]

    def _tensors(self) -> dict[str, Tensor]:
        """As they lie in the file: masks beside the weights."""
        return self.state | {f"{name}{MASK}": mask for name, mask in self.masks.items()}

    def sparsity(self, model: nn.Module) -> float:
        """Fraction of the prunable weights of `model` that came pruned, to 12 digits; `UserError` where all did."""
        total = sum(weight.numel() for weight in prunable(model).values())
        found = round(sum(int((~mask).sum()) for mask in self.masks.values()) / total, 12) if total else 0.0
        if found == 1:
            raise UserError(
                "Nothing is left of the network: every prunable weight is masked or zero; give masks of 0 (pruned) and "
                "1 (kept), or say --inverted-masks."
            )
        return found

    def fill(self, model: nn.Module) -> Masks:
        """Load the weights into `model`, pruned ones as zeros, and give masks of all its prunable weights.

        Raises:
            UserError: the weights are of another model.
        """
        try:
            model.load_state_dict(self.state)
        except RuntimeError as error:
            detail = str(error).splitlines()[-1].strip()
            raise UserError(f"The imported weights {self.digest} do not fit the model: {detail}") from None
        parameters = prunable(model)
        masks = full_masks({name: value.detach().cpu() for name, value in parameters.items()})
        for name, mask in self.masks.items():
            if name not in masks or masks[name].shape != mask.shape:
                raise UserError(f"The mask of '{name}' fits no prunable weight of the model.")
            masks[name] = mask
            parameters[name].data.mul_(mask)
        return masks

    def save(self, folder: Path) -> str:
        """Write the file into the study `folder`, whole or not at all; gives the digest."""
        digest = self.digest
        tensors = {name: value.contiguous().clone() for name, value in self._tensors().items()}
        names = json.dumps(dict(self.origins), sort_keys=True)
        metadata = {NAMES: names, NAMES_DIGEST: _digest(names)}
        write_atomically(file_of(folder, digest), lambda temporary: save_file(tensors, temporary, metadata=metadata))
        return digest

    @classmethod
    def load(cls, folder: Path, start: Start) -> "Imported":
        """Read what a study's recipes start from. Raises UserError when it is missing, damaged or something else."""
        path = file_of(folder, start.weights)
        if not path.is_file():
            raise UserError(f"The imported weights {path} are not there; import the network again.")
        if leads_out(path, folder):
            raise UserError(f"{path} is a link that leads out of the study; import the network again.")
        try:
            tensors = load_file(path, backend="pread")  # mapped into memory, a file that is cut short kills
        except (SafetensorError, OSError, ValueError) as error:
            raise UserError(
                f"The imported weights {path} cannot be read ({error}); import the network again."
            ) from None
        masks = {name: value.bool() for name, value in tensors.items() if name.endswith(MASK)}
        state = {name: value.clone() for name, value in tensors.items() if name not in masks}
        found = cls(state, {name.removesuffix(MASK): mask.clone() for name, mask in masks.items()})
        if found.digest != start.weights:
            raise UserError(f"{path} holds other weights than the study names; import the network again.")
        return found


def file_of(folder: Path, digest: str) -> Path:
    """The file in a study's folder that holds the imported weights of that digest."""
    return folder / FOLDER / f"{digest}.safetensors"


def origins_of(folder: Path, start: Start) -> Origins:
    """What the tensors of imported weights were called in the file they came from.

    Raises:
        UserError: the study does not keep these weights, or their names; or the file is damaged.
    """
    path = file_of(folder, start.weights)
    if not path.is_file() or leads_out(path, folder):
        raise UserError(f"The original names lie in {path}, which is not there; export the ticket with our names.")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"The original names in {path} cannot be read ({error}); import the network again.") from None
    names = metadata.get(NAMES, "{}")
    try:
        found = _ORIGINS.validate_json(names)
    except ValidationError:
        found = {}
    if found and metadata.get(NAMES_DIGEST) != _digest(names):
        raise UserError(f"The original names in {path} are not those that were written; import the network again.")
    if not found:
        raise UserError(f"{path} keeps no original names; import the network again, or export it with our names.")
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
