"""Tickets for other programs: a plain state dict, as torch or safetensors file, or the smaller network as a program."""

import io
import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors.torch import save_file

from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.shrink import attempt
from pruning.ticket import Ticket


class Format(StrEnum):
    """What `export` writes."""

    torch = "torch"
    safetensors = "safetensors"


SUFFIXES = {Format.torch: ".pt", Format.safetensors: ".safetensors"}


def export(path: Path, to: Format, out: Path | None = None, masks: bool = False) -> Path:
    """Write the ticket's state dict, pruned weights as zeros; `masks` adds a bool tensor `PARAMETER_mask` for each.

    Raises:
        UserError: the ticket cannot be read or the file cannot be written.
    """
    ticket = Ticket.load(path)
    out = out or Path(f"{ticket.id}{SUFFIXES[to]}")
    state = {name: value.contiguous() for name, value in ticket.state.items()}
    if masks:
        state |= {f"{name}_mask": mask for name, mask in ticket.masks.items()}
    metadata = {"format": "pt", "recipe": ticket.recipe.model_dump_json(exclude_none=True)}

    if to is Format.torch:
        _write(out, lambda stream: torch.save(state, stream))
    else:
        write_atomically(out, lambda temporary: save_file(state, temporary, metadata=metadata))
    return out


def _write(out: Path, save: Callable[[BinaryIO], None]) -> None:
    """Write what torch saves, by way of the memory: on a full disk torch itself does not say what is wrong."""
    stream = io.BytesIO()
    save(stream)
    write_atomically(out, stream.getvalue())


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
    about = {
        "recipe": ticket.recipe.model_dump(mode="json", exclude_none=True),
        "shape": ticket.info.shape,
        "mean": ticket.info.mean,
        "std": ticket.info.std,
        "classes": ticket.info.classes,
    }
    out = out or Path(f"{ticket.id}.pt2")

    _write(out, lambda stream: torch.export.save(program, stream, extra_files={"ticket.json": json.dumps(about)}))
    return out
