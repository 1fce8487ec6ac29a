"""Tickets for other programs: a plain state dict, as torch or safetensors file."""

from enum import StrEnum
from pathlib import Path

import torch
from safetensors.torch import save_file

from pruning.files import write_atomically
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

    def write(temporary: Path) -> None:
        if to is Format.torch:
            torch.save(state, temporary)
        else:
            save_file(state, temporary, metadata=metadata)

    write_atomically(out, write)
    return out
