"""`python -m pruning cache`: the decoded images that lie on the disk, and their removal."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pruning.cli.console import PlainConsole
from pruning.data.cache_building import remove as remove_cache
from pruning.data.caches import Found, found_in
from pruning.data.folder import CACHE, places_of
from pruning.data.image_cache import SHARED, cache_folder
from pruning.errors import UserError, few

GB = 10**9


def list_caches(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of images, as the data set folder:PATH has them.", show_default="none"),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove what is listed; it is made anew when needed.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Hold every byte against its digest.")] = False,
) -> None:
    """List the images that were decoded into files: of these folders, else all in the user's folder of caches."""
    for folder in folders or ():
        if not folder.is_dir():
            raise UserError(f"There is no folder {folder}; name folders of images, by their paths alone.")
    console, shared = PlainConsole(), cache_folder()
    if folders:
        own = dict.fromkeys(folder.resolve() for folder in folders)
        places = [place for folder in own for place in places_of(folder)]
        found = [each for folder in own for each in _of(folder, check)]
    else:
        places = [] if shared is None else [shared / SHARED]
        found = [each for place in places for each in found_in(place, check)]
    if not found:
        console.print(f"No decoded images in {' or '.join(map(str, dict.fromkeys(places)))}.", soft_wrap=True)
        return
    console.print(_table(found))
    console.print(f"{sum(each.bytes for each in found) / GB:.1f} GB in all.")
    if remove:
        left = [str(each.path) for each in found if not remove_cache(each.path)]
        why = f", but for {few(left)}: another process is at it, or it cannot be deleted" if left else ""
        console.print(f"Removed{why}.", soft_wrap=True)


def _of(folder: Path, check: bool) -> list[Found]:
    """The caches of a folder; where those of several lie together, the others' are left out."""
    own = folder / CACHE
    listed = ((place, each) for place in places_of(folder) for each in found_in(place, check))
    return [each for place, each in listed if place == own or each.of == str(folder)]


def _table(found: list[Found]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("images of", "brought to", "images", "GB", "state", "in"):
        table.add_column(column, overflow="fold", justify="right" if column in ("images", "GB") else "left")
    for each in found:
        table.add_row(each.of, each.how, f"{each.images:,}", f"{each.bytes / GB:.2f}", each.state, os.fspath(each.path))
    return table
