"""A ticket: the masks and weights that a recipe yields, and the file that holds them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pruning import masks as mask_tools
from pruning.checkpoints.ticket_metadata import DIGEST, DIGITS, damaged, digest_of_metadata, read_metadata
from pruning.data.arrays import checked_normalisation
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.masks import Masks
from pruning.models import build_model
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.training.history import Epoch, Record
from pruning.training.recording import Recording
from pruning.validation import validate

FORMAT = "ticket-1"
KEPT, MASK = ".kept", ".mask"
CONTENT = "content"  # key of the digest of the tensors
KEYS = {"format", "recipe", "info", "shapes", CONTENT, DIGEST}
MAX_VALUES = 2**40  # of an image
Count = Annotated[int, Field(ge=0, lt=2**60)]
FLOATS = torch.float32, torch.float16, torch.bfloat16, torch.float64
_SHAPES = TypeAdapter(dict[str, Annotated[list[Annotated[int, Field(ge=0, lt=2**40)]], Field(max_length=16)]])


class TicketInfo(BaseModel):
    """What was learnt while the ticket was found.

    `seconds` counts everything the ticket needed, the tickets it descends from included; `own_seconds` only its own
    step. `accuracy` is that on the clean test set. `collapsed` names layers in which nothing is kept, so that no signal
    passes them (layer collapse, Tanaka et al. 2020); those of removed blocks are not among them. `record` is what a
    finder noted on the way: columns of numbers, called "TABLE/COLUMN", of equal length within a table.

    `threads`, `device` and `cpu` (its vector instructions, such as "AVX512") are those that its own step ran on, with
    `precision` and `versions` all beside the recipe that the bits depend on; 0 and "" where earlier versions found it.

    `version` is that of the project that found the ticket. `revisions` are those of the finders, criteria and
    structures it came through, by "finder NAME" and so on (`study.staleness`), `files` the digests of the user's files,
    by the recipes' names for them: of the tickets it descends from, too. `recording` is there where only the results of
    a network are, and neither masks nor weights: recorded or packed.
    """

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="constants")

    shape: tuple[int, int, int]
    classes: list[str]
    mean: list[float]
    std: list[float]
    seconds: float = 0.0
    own_seconds: float = 0.0
    accuracy: float = float("nan")
    history: list[Epoch] = []
    record: Record = {}
    collapsed: list[str] = []
    precision: str = "float32"
    threads: int = 0
    device: str = ""
    cpu: str = ""
    created: str = ""
    version: str = ""
    revisions: dict[str, int] = {}
    versions: dict[str, str] = {}
    files: dict[str, str] = {}
    layers: dict[str, tuple[Count, Count]] = {}  # parameter -> (kept, total)
    recording: Recording | None = None

    @property
    def made_on(self) -> str:
        """What the bits depend on beside the recipe: ``1 thread of cpu (AVX512), float32, torch 2.8.0``, or ""."""
        if not self.threads:
            return ""
        threads, version = f"{self.threads} thread{'s' * (self.threads > 1)}", self.versions.get("torch", "unknown")
        return f"{threads} of {self.device} ({self.cpu}), {self.precision}, torch {version}"

    def recorded(self, table: str) -> Record:
        """The columns of one table of the record, by name; {} where the finder notes no such thing."""
        start = f"{table}/"
        return {key.removeprefix(start): values for key, values in self.record.items() if key.startswith(start)}


@dataclass
class Ticket:
    """Masks ({parameter: bool tensor}, True = kept), the state dict with those pruned at zero, the recipe."""

    recipe: Recipe
    masks: Masks = field(repr=False)
    state: dict[str, Tensor] = field(repr=False)
    info: TicketInfo = field(repr=False)
    folder: Path | None = field(default=None, compare=False, repr=False)  # where its file lies

    def __post_init__(self) -> None:
        self.info.layers = {name: (int(mask.sum()), mask.numel()) for name, mask in self.masks.items()}
        blocks = self.recipe.granularity.removes_blocks  # past which the signal still takes their shortcuts
        self.info.collapsed = [] if blocks else mask_tools.collapsed_layers(self.masks)

    @property
    def id(self) -> str:
        """The recipe's id."""
        return self.recipe.id

    @property
    def kept(self) -> int:
        """Number of prunable weights kept."""
        return mask_tools.counts(self.masks)[0]

    @property
    def total(self) -> int:
        """Number of prunable weights."""
        return mask_tools.counts(self.masks)[1]

    @property
    def sparsity(self) -> float:
        """Fraction of the prunable weights that is removed."""
        return mask_tools.sparsity(self.masks)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of the SHA-256 of masks and weights alone: the same however often it is saved."""
        return _digest_of(self._stored(), self._shapes())

    def model(self) -> nn.Module:
        """A new network with the masked weights, on the CPU, in evaluation mode; raises UserError without weights."""
        recipe, info = self.recipe, self.info
        if info.recording is not None:
            raise UserError(info.recording.without_weights(recipe.label))
        gives_logits = get_task(recipe.task).classifies_images
        model = build_model(recipe.model, len(info.classes), info.shape, 0, recipe.classifier, gives_logits)
        try:
            model.load_state_dict(self.state)
        except RuntimeError as error:
            detail = str(error).splitlines()[-1].strip()
            raise UserError(f"Ticket {self.id} does not fit its model '{self.recipe.model}': {detail}") from None
        return model.eval()

    def save(self, path: str | Path) -> None:
        """Write the ticket as one safetensors file, whole or not at all.

        Of a prunable parameter the kept values and the bit-packed mask are stored, everything else as it is. Recipe,
        info and shapes are JSON in the metadata, beside a digest of the tensors and one of the metadata.
        """
        tensors, shapes = self._stored(), self._shapes()
        metadata = {
            "format": FORMAT,
            "recipe": self.recipe.model_dump_json(exclude_none=True),
            "info": self.info.model_dump_json(),
            "shapes": json.dumps(shapes),
            CONTENT: _digest_of(tensors, shapes),
        }
        metadata[DIGEST] = digest_of_metadata(metadata)
        write_atomically(Path(path), lambda temporary: save_file(tensors, temporary, metadata=metadata))

    def _stored(self) -> dict[str, Tensor]:
        """The tensors of the ticket's file."""
        tensors: dict[str, Tensor] = {}
        for name, value in self.state.items():
            if name in self.masks:
                mask = self.masks[name].cpu()
                tensors[name + KEPT] = value.cpu()[mask].contiguous()
                tensors[name + MASK] = torch.from_numpy(mask_tools.pack(mask))
            else:
                tensors[name] = value.cpu().contiguous()
        return tensors

    def _shapes(self) -> dict[str, list[int]]:
        return {name: list(mask.shape) for name, mask in self.masks.items()}

    @classmethod
    def load(cls, path: str | Path) -> "Ticket":
        """Read a ticket file.

        Raises:
            UserError: the file is missing, cut short, not a ticket, changed since it was written, or its tensors
                contradict its shapes.
        """
        path = Path(path)
        recipe, info, shapes, content = read_header(path)
        try:
            stored = load_file(path, backend="pread")  # mapped into memory, a file that is cut short kills
        except (SafetensorError, OSError, ValueError) as error:
            raise damaged(path, str(error)) from None
        if content and content != _digest_of(stored, shapes) and (stored or info.recording is None):
            raise damaged(path, "its tensors are not those that were written")
        masks: Masks = {}
        state: dict[str, Tensor] = {}
        for key, value in stored.items():
            if key.endswith(KEPT) and key.removesuffix(KEPT) in shapes:
                name = key.removesuffix(KEPT)
                masks[name], state[name] = _unpack(path, name, value, stored.get(name + MASK), shapes[name])
            elif not (key.endswith(MASK) and key.removesuffix(MASK) in shapes):
                state[key] = value.clone()  # into memory of its own, aligned as torch aligns it
        if set(masks) != set(shapes) and (stored or info.recording is None):  # packed without its weights
            raise damaged(path, f"the layers {sorted(set(shapes) - set(masks))} are missing")
        return cls(recipe, {name: masks[name] for name in shapes if name in masks}, state, info, path.parent)


def _unpack(path: Path, name: str, kept: Tensor, packed: Tensor | None, shape: list[int]) -> tuple[Tensor, Tensor]:
    size, bound = prod(shape), prod(side or 1 for side in shape)  # torch counts in 64 bits, also where a side is 0
    if kept.dtype not in FLOATS:
        raise damaged(path, f"the weights of '{name}' are {kept.dtype}")
    if packed is None or packed.dtype != torch.uint8 or packed.numel() != (size + 7) // 8 or bound >= 2**60:
        raise damaged(path, f"the mask of '{name}' does not fit its shape {shape}")
    mask = mask_tools.unpack(packed.numpy(), tuple(shape))
    if int(mask.sum()) != kept.numel():
        raise damaged(path, f"the mask of '{name}' keeps {int(mask.sum())} weights but {kept.numel()} are stored")
    if not torch.isfinite(kept).all():
        raise damaged(path, f"the weights of '{name}' contain NaN or infinity")
    value = torch.zeros(tuple(shape), dtype=kept.dtype)
    value[mask] = kept
    return mask, value


class Header(NamedTuple):
    """What a ticket file says before its tensors.

    Attributes:
        recipe: as of a ticket; info: likewise.
        shapes: of the masks, by name.
        content: the digest of the tensors, '' in files of earlier versions.
    """

    recipe: Recipe
    info: TicketInfo
    shapes: dict[str, list[int]]
    content: str


def read_header(path: Path) -> Header:
    """Read a ticket file without its tensors.

    Raises:
        UserError: as `Ticket.load`, but for what is wrong with the tensors.
    """
    metadata = read_metadata(path)
    if metadata.get("format") != FORMAT:
        raise damaged(path, f"it is a safetensors file without the mark '{FORMAT}'")
    if not set(metadata) <= KEYS or bool(metadata.get(CONTENT)) != (DIGEST in metadata):
        raise damaged(path, "bad metadata: other keys than a ticket's")
    if DIGEST in metadata and metadata[DIGEST] != digest_of_metadata(metadata):
        raise damaged(path, "its metadata are not those that were written")
    try:
        recipe = validate(Recipe, json.loads(metadata["recipe"]), f"{path}, recipe")
        info = validate(TicketInfo, json.loads(metadata["info"]), f"{path}, info")
        _check_images(path, info)
        if recipe.granularity.removes_blocks:
            info.collapsed = []  # which earlier versions wrote
        return Header(recipe, info, _SHAPES.validate_json(metadata["shapes"]), metadata.get(CONTENT, ""))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise damaged(path, f"bad metadata: {error}") from None


def _check_images(path: Path, info: TicketInfo) -> None:
    if min(info.shape) < 1 or prod(info.shape) > MAX_VALUES:
        raise damaged(path, f"its images are of {list(info.shape)}")
    try:
        checked_normalisation((info.mean, info.std), info.shape[0])
    except UserError as error:
        raise damaged(path, f"bad metadata: {str(error).rstrip('.')}") from None


def read_tensor(path: Path, name: str) -> Tensor | None:
    """One tensor of a ticket file as it is stored, without the others, and so without holding it to their digest.

    Returns None where the file has none of that name, or cannot be read.
    """
    try:
        with safe_open(path, "pt", backend="pread") as file:
            return file.get_tensor(name) if name in file.keys() else None  # noqa: SIM118 - the file is no mapping
    except (SafetensorError, OSError, ValueError):
        return None


def _digest_of(stored: Mapping[str, Tensor], shapes: Mapping[str, list[int]]) -> str:
    """The digest of a file's tensors: names, types, shapes, bytes, and the shapes of the masks."""
    digest = hashlib.sha256(json.dumps(shapes, sort_keys=True).encode())
    for name in sorted(stored):
        value = stored[name]
        digest.update(f"\n{name} {value.dtype} {list(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:DIGITS]
