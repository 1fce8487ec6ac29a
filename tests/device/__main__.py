"""python -m tests.device [--device cuda] [NAME ...]: does the project do on a device what it does on the CPU?

Criteria, training, search, two devices, corruptions, evaluation, speed at 224 pixels; each figure beside the most that
it may be, which is 0 for differences where the device is the CPU. One that is not there is refused in words.
"""

from time import perf_counter
from typing import Annotated

import torch
import typer
from rich.console import Console

from pruning.errors import UserError, unknown
from pruning.training.precision import device_name, pick_device, settled
from tests.device import images, networks, several
from tests.device.results import Check, Result, duration, table

CHECKS: dict[str, Check] = {
    "criteria": networks.criteria,
    "training": networks.training,
    "search": networks.search,
    "several": several.several,
    "corruptions": images.corruptions,
    "evaluation": images.evaluation,
    "speed": images.speed,
}


def run(names: list[str], device: torch.device, quick: bool, console: Console) -> list[Result]:
    """The results of the checks of these names."""
    results: list[Result] = []
    for name in names:
        start = perf_counter()
        with console.status(f"Checking {name} ..."), settled(0):
            results += CHECKS[name](device, quick)
        console.print(f"{name}: {duration(perf_counter() - start)}", highlight=False)
    return results


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Only these checks.")] = None,
    device: Annotated[str, typer.Option(help="cuda, cuda:1, mps, cpu")] = "cuda",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and smaller, to see that it runs.")] = False,
) -> None:
    """Hold a device against the CPU, and print a table; exit code 1 where a figure is beyond its bound."""
    console = Console()
    try:
        for name in names or []:
            if name not in CHECKS:
                raise unknown("check", name, list(CHECKS))
        chosen = pick_device(device)
        results = run(names or list(CHECKS), chosen, quick, console)
    except UserError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        raise typer.Exit(2) from None
    console.print(table(results, f"{device_name(chosen)} with torch {torch.__version__}"))
    failed = [result for result in results if not result.holds]
    console.print(f"{len(results) - len(failed)} of {len(results)} figures hold.")
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
