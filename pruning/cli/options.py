"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

StudyPath = Annotated[
    Path,
    typer.Argument(help="A study.toml, the folder that holds one, a packed study or a URL.", show_default=False),
]
OwnStudyPath = Annotated[Path, typer.Argument(help="A study.toml, or the folder that holds one.", show_default=False)]
"""Of commands that write into it."""
AnyStudyPath = Annotated[
    Path | None,
    typer.Argument(
        help="A study.toml, the folder that holds one, a packed study or a URL.", show_default="all studies, in short"
    ),
]
TicketId = Annotated[
    str,
    typer.Argument(
        help="The ticket's id, or its first characters, or the path of its file; `list` shows ids.", show_default=False
    ),
]
Within = Annotated[Path | None, typer.Option("--study", help="Look in this study only.", show_default="all studies")]
Root = Annotated[
    Path | None,
    typer.Option(help="Folder of the data sets that are not embedded.", show_default="$PRUNING_DATA, else ./data"),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps, ...")]
Download = Annotated[bool, typer.Option("--download", help="Fetch the data set when it is not there.")]
Threads = Annotated[
    int,
    typer.Option(
        min=0,
        help="CPU threads of each network; the last digits of results depend on it, so that they record it.",
        show_default="1, large networks 4",
    ),
]
On = Annotated[
    str,
    typer.Option(
        help="Where: processes of this machine; ray, a Ray cluster of it alone; ray://HOST:10001 or ray:HOST:PORT, "
        "one of several machines.",
    ),
]
Gpus = Annotated[
    float | None,
    typer.Option(min=0, help="GPUs, or the share of one, for each task.", show_default="1 where there are any"),
]
Memory = Annotated[
    float,
    typer.Option(min=0, help="GB that scoring may take; what needs more is refused.", show_default="what is free"),
]
