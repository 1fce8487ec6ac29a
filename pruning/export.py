"""Tickets for other programs: a state dict in a file of torch or safetensors, or the network as a program."""

import io
import json
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors.torch import save_file
from torch import Tensor

from pruning.checkpoints.imported_weights import origins_of
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.shrink import attempt
from pruning.ticket import Ticket


class Format(StrEnum):
    """What `export` writes."""

    torch = "torch"
    safetensors = "safetensors"
    prune = "prune"
    huggingface = "huggingface"
    onnx = "onnx"


class Names(StrEnum):
    """Whose names the tensors have: this project's, or those of the file that a network was imported from."""

    ours = "ours"
    original = "original"


SUFFIXES = {Format.safetensors: ".safetensors", Format.huggingface: "", Format.onnx: ".onnx"}
COUNTER = "num_batches_tracked"
CLOSE = 1e-3
"""How far a program's logits may be off, relative to the largest."""


def export(path: Path, to: Format, out: Path | None = None, masks: bool = False, names: Names = Names.ours) -> Path:
    """Write a ticket for another program; mean, std, classes and recipe go along.

    torch: a state dict, pruned weights as zeros, with the attribute `ticket` that holds what goes along. safetensors:
    the same, which goes along as JSON in the metadata. prune: the state dict of a network under
    `torch.nn.utils.prune`, with ``NAME_orig`` and ``NAME_mask`` for each prunable weight. huggingface: a folder with
    `model.safetensors` and `config.json`. onnx: the network as a program, whose outputs were compared.

    Args:
        path: the ticket's file; in its study's folder, where the original names are wanted.
        to: what to write.
        out: the file or, for huggingface, the folder.
        masks: torch and safetensors: add a bool tensor ``NAME_mask`` for each prunable weight.
        names: whose names the tensors have.

    Raises:
        UserError: the ticket cannot be read, has no original names, or the file cannot be written.
    """
    if masks and to not in (Format.torch, Format.safetensors):
        raise UserError(f"Masks are added to a state dict; take --to torch or safetensors, as {to} has its own form.")
    if names is Names.original and to is Format.onnx:
        raise UserError("A program has no names of tensors to choose; take --names original for a state dict.")
    ticket = Ticket.load(path)
    out = out or Path(f"{ticket.id}{SUFFIXES.get(to, '.pt')}")
    if to is Format.onnx:
        return _onnx(ticket, out)
    state, kept = _state(ticket, path, names)
    if to is Format.prune:
        state = _as_pruned_by_torch(state, kept)
    elif masks:
        state |= {f"{name}_mask": mask for name, mask in kept.items()}
    if to is Format.huggingface:
        _safetensors(state, ticket, out / "model.safetensors")
        write_atomically(out / "config.json", json.dumps(_config(ticket), indent=2) + "\n")
    elif to is Format.safetensors:
        _safetensors(state, ticket, out)
    else:
        found = OrderedDict(state)
        found.ticket = about(ticket)  # type: ignore[attr-defined]  # torch reads and writes attributes of this type
        _write(out, lambda stream: torch.save(found, stream))
    return out


def about(ticket: Ticket) -> dict[str, Any]:
    """What a program has to know to use a ticket: recipe, shape of an image, mean, std, classes."""
    info = ticket.info
    return {
        "recipe": ticket.recipe.model_dump(mode="json", exclude_none=True),
        "shape": list(info.shape),
        "mean": list(info.mean),
        "std": list(info.std),
        "classes": list(info.classes),
    }


def _state(ticket: Ticket, path: Path, names: Names) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The state dict and the masks, under the names and in the shapes that are wanted."""
    state = {name: value.contiguous() for name, value in ticket.state.items()}
    if names is Names.ours:
        return state, dict(ticket.masks)
    if ticket.recipe.start is None:
        raise UserError(f"Ticket {ticket.id} starts from no imported network, so that it has no original names.")
    origins = origins_of(path.absolute().parent.parent, ticket.recipe.start)
    lost = [name for name, value in state.items()
            if name not in origins and not name.endswith(COUNTER) and bool(value.any())]  # fmt: skip
    if lost:
        raise UserError(f"'{lost[0]}' was trained and is no part of the network that was imported; take our names.")

    def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {origins[name][0]: value.reshape(origins[name][1]) for name, value in tensors.items() if name in origins}

    return renamed(state), renamed(ticket.masks)


def _as_pruned_by_torch(state: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``NAME_orig`` and ``NAME_mask`` in place of each masked tensor, as `torch.nn.utils.prune` stores them."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        found |= {f"{name}_orig": value, f"{name}_mask": masks[name].to(value)} if name in masks else {name: value}
    return found


def _safetensors(state: dict[str, Tensor], ticket: Ticket, out: Path) -> None:
    said = {key: json.dumps(value) for key, value in about(ticket).items()}
    write_atomically(out, lambda temporary: save_file(state, temporary, metadata={"format": "pt"} | said))


def _config(ticket: Ticket) -> dict[str, Any]:
    """The `config.json` of a folder of Hugging Face."""
    said, classes = about(ticket), ticket.info.classes
    channels, height, width = ticket.info.shape
    return {
        "architectures": [ticket.recipe.model],
        "model_type": "pruning-ticket",
        "num_channels": channels,
        "image_size": height if height == width else [height, width],
        "num_labels": len(classes),
        "id2label": dict(enumerate(classes)),
        "label2id": {name: place for place, name in enumerate(classes)},
        "image_mean": said["mean"],
        "image_std": said["std"],
        "sparsity": ticket.sparsity,
        "recipe": said["recipe"],
    }


def _write(out: Path, save: Callable[[BinaryIO], None]) -> None:
    """Write what torch saves, by way of the memory: on a full disk torch itself does not say what is wrong."""
    stream = io.BytesIO()
    save(stream)
    write_atomically(out, stream.getvalue())


def _onnx(ticket: Ticket, out: Path) -> Path:
    """Write the network as an ONNX program, once onnxruntime gives the logits that torch gives."""
    lacking = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if lacking:
        raise UserError(f"ONNX needs {' and '.join(lacking)}, not installed here: pip install {' '.join(lacking)}.")
    import onnx
    import onnxruntime

    network, generator = ticket.model(), torch.Generator().manual_seed(0)
    images = torch.randn(3, *ticket.info.shape, generator=generator)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "network.onnx"
        torch.onnx.export(
            network, (images,), made, input_names=["images"], output_names=["logits"], dynamo=True, verbose=False,
            external_data=False, dynamic_shapes=({0: torch.export.Dim("batch")},),
        )  # fmt: skip
        program = onnx.load(made)
    onnx.helper.set_model_props(program, {key: json.dumps(value) for key, value in about(ticket).items()})
    content = program.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])
    with torch.no_grad():
        expected = network(images)
    off = float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-12))
    if not off <= CLOSE:
        raise UserError(f"The ONNX program of ticket {ticket.id} gives other logits (off by {off:.1e}); not written.")
    write_atomically(out, content)
    return out


def export_smaller(path: Path, out: Path | None = None) -> Path:
    """Write the physically smaller network of a ticket as a program that needs nothing of this project.

    The file is what `torch.export.save` writes (.pt2): the operations and the weights. ``torch.export.load(FILE)
    .module()`` is a network of normalised images float32 [N, C, H, W], any N, to logits. The extra file
    ``ticket.json`` holds mean, std and classes. Nothing is pickled by this code.

    Raises:
        UserError: the ticket cannot be read, its network cannot be made smaller, or the file cannot be written.
    """
    ticket = Ticket.load(path)
    found = attempt(ticket.model(), ticket.masks, ticket.info.shape)
    if found.network is None:
        raise UserError(f"Ticket {ticket.id} has no smaller network: {found.reason} Export it without --smaller.")
    program = torch.export.export(
        found.network,
        (torch.zeros(2, *ticket.info.shape),),
        dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
    )
    out = out or Path(f"{ticket.id}.pt2")
    extra = {"ticket.json": json.dumps(about(ticket))}
    _write(out, lambda stream: torch.export.save(program, stream, extra_files=extra))
    return out
