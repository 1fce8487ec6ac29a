"""What `python -m analysis` does with files: a study.toml looked through (`check`), results brought together."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pruning.cli.console import PlainConsole, stoppable
from pruning.cli.options import OwnStudyPath, StudyPath
from pruning.cli.progress_bar import ProgressBar
from pruning.errors import UserError
from pruning.study.folder import Study


def check(study: StudyPath) -> None:
    """Say whether a study.toml can be found and measured as it stands, before anything is trained.

    Methods, training, and the section `analysis`: unknown keys and names, values that are out of range, folders of
    images that are not there. `make study` does it first.
    """
    from analysis.engine.subjects import check as look_through

    opened = Study.open(study)
    look_through(opened)
    PlainConsole().print(f"Nothing is wrong with {opened.source}.", highlight=False, soft_wrap=True)


def compact(study: OwnStudyPath) -> None:
    """Bring the many small result files of a study into few; a run does it by itself from 300 of a table on.

    Rows, digests and what made them stay. Readers may read meanwhile, and a kill loses nothing: run again to go on.
    """
    from analysis.engine.compacting import compact as bring_together

    with stoppable("brought together"):
        found = bring_together(Study.open(study))
    console = PlainConsole()
    if not found:
        console.print("Nothing to do: there are no small result files that could be brought together.")
    for table, count in found.items():
        console.print(f"{table}: {count} files", highlight=False)


def pack(
    study: StudyPath,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="NAME.study.zip")
    ] = None,
) -> None:
    """Pack a study into one small file for others: recipes, summaries and digests, no weights.

    They open it beside theirs: by its path wherever a study is named, or put into studies/; the page Studies
    compares it.
    """
    from analysis.results import pack as packing
    from pruning.study.bundle import ENDING

    opened = Study.open(study)
    file = out or Path(f"{opened.path.resolve().name}{ENDING}")
    if not file.name.endswith(ENDING):
        raise UserError(f"A packed study is called NAME{ENDING}, so that it is known as one; {file} is not.")
    with stoppable("packed"), ProgressBar(opened.config.title) as display:
        size = packing.pack(opened, file, display.tell)
    PlainConsole().print(
        f"Packed {opened.config.title} into {file}, {size / 1e6:.1f} MB.", highlight=False, soft_wrap=True
    )


def tables(table: Annotated[str | None, typer.Argument(help="One table.", show_default="all tables")] = None) -> None:
    """Print the tables of results: their columns with kind, unit and meaning."""
    from analysis.engine.base import measures
    from analysis.results.tables import TABLES, describe

    console, made = PlainConsole(), measures()
    for name, columns in describe(table).groupby("table", sort=False):
        whose = f"of {made[str(name)].meant_for}" if str(name) in made else ""
        printed = Table(
            "column", "kind", "unit", "meaning", title=f"{name}: {TABLES[str(name)].meaning}", caption=whose
        )
        for row in columns.itertuples(index=False):
            printed.add_row(row.column, row.kind, row.unit, row.meaning)
        console.print(printed)
