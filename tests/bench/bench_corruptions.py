"""Every corruption at every severity: whole batches against one image at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import CORRUPTIONS, NAMES, SEVERITIES, Corruption, corrupt
from tests.analysis.corruptions.pictures import pictures
from tests.bench.plain_corruptions import PLAIN
from tests.bench.rows import Row

# Channels, size, images. The geometric mean of the ratios aimed at is 30 on two threads, half of it on one.
SETTINGS = ((3, 32, 1000), (1, 28, 1000), (3, 224, 16))
TARGET_A_THREAD = 15.0
# The plain way is given so many seconds for each condition, and is timed on as many images as it makes in them.
PLAIN_SECONDS = 0.06


@dataclass(frozen=True)
class Seconds:
    """Of the processors and on the clock."""

    cpu: float
    wall: float


def run(quick: bool) -> list[Row]:
    """A row for each corruption and two for all, for each size of image, on one thread and on all."""
    rows = []
    for channels, size, count in SETTINGS[:1] if quick else SETTINGS:
        images = pictures(count // (5 if quick else 1), channels, size, size)
        severities = (3,) if quick else SEVERITIES
        plain = {name: plainly(images, CORRUPTIONS[name], severities) for name in NAMES}
        for threads in (1,) if quick else sorted({1, torch.get_num_threads()}):
            with using(threads):
                rows += compare(images, severities, plain, 1 if quick else 3)
    return rows


@contextmanager
def using(threads: int) -> Iterator[None]:
    """So many threads for torch while the block runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def plainly(images: Tensor, corruption: Corruption, severities: tuple[int, ...]) -> Seconds:
    """Seconds for all images at all severities one after another, from as many as fit into `PLAIN_SECONDS`."""
    arrays = images.permute(0, 2, 3, 1).contiguous().numpy()
    cpu = wall = 0.0
    for severity in severities:
        parameters = corruption.parameters(severity, min(images.shape[2:]))
        # The first also makes what is kept, such as the textures of frost.
        PLAIN[corruption.name](arrays[0], *parameters)
        done, cpu_start, wall_start = 0, process_time(), perf_counter()
        while done < len(arrays) and process_time() - cpu_start < PLAIN_SECONDS:
            PLAIN[corruption.name](arrays[done], *parameters)
            done += 1
        cpu += (process_time() - cpu_start) * len(arrays) / done
        wall += (perf_counter() - wall_start) * len(arrays) / done
    return Seconds(cpu, wall)


def at_once(images: Tensor, name: str, severities: tuple[int, ...], repeats: int) -> Seconds:
    """The least seconds for all images at all severities, a whole batch at a time, after a first time to compile."""
    cpu = wall = 0.0
    for severity in severities:
        corrupt(images, name, severity)
        times = []
        for _ in range(repeats):
            cpu_start, wall_start = process_time(), perf_counter()
            corrupt(images, name, severity)
            times.append((process_time() - cpu_start, perf_counter() - wall_start))
        cpu += min(first for first, _ in times)
        wall += min(second for _, second in times)
    return Seconds(cpu, wall)


def compare(images: Tensor, severities: tuple[int, ...], plain: dict[str, Seconds], repeats: int) -> list[Row]:
    """The rows for one set of images.

    On one thread CPU seconds are compared, which other work on the machine does not lengthen; on several, those on the
    clock, which is what several threads are for.
    """
    count, channels, size, _ = images.shape
    threads = torch.get_num_threads()
    clock = "cpu" if threads == 1 else "wall"
    form = f"{size}x{size}x{channels}, {threads} thread{'s' if threads > 1 else ''}, {clock}"
    rows = []
    for name in NAMES:
        ours = at_once(images, name, severities, repeats)
        baseline_s, ours_s = getattr(plain[name], clock), getattr(ours, clock)
        made = count * len(severities)
        note = f"{rate(made, ours_s)}, plain {rate(made, baseline_s)}"
        rows.append(Row(f"{name}, {form}", baseline_s, ours_s, 1.0, note=note))
    return [*rows, *summary(images, rows, severities, form, TARGET_A_THREAD * threads if size < 100 else 1.0)]


def summary(images: Tensor, rows: list[Row], severities: tuple[int, ...], form: str, target: float) -> list[Row]:
    """The sum over the corruptions, with the memory it takes, and the geometric mean, of seconds and so of ratios."""
    plain, ours = ([getattr(row, side) for row in rows] for side in ("baseline_s", "ours_s"))
    conditions = len(rows) * len(severities)
    grown = peak_growth(partial(everything, images, severities))
    memory = f"peak memory +{grown / 1e6:.0f} MB for batches of {images.numel() / 1e6:.0f} MB" if grown else ""
    note = f"{rate(len(images) * conditions, sum(ours))}; {memory}"
    plain_mean, our_mean = (float(np.exp(np.mean(np.log(times)))) for times in (plain, ours))
    return [
        Row(f"all {conditions} conditions, {form}", sum(plain), sum(ours), 1.0, note=note),
        Row(f"geometric mean of the {len(rows)}, {form}", plain_mean, our_mean, target),
    ]


def everything(images: Tensor, severities: tuple[int, ...]) -> None:
    """All conditions, one after another."""
    for name in NAMES:
        for severity in severities:
            corrupt(images, name, severity)


def peak_growth(work: Callable[[], object]) -> int:
    """By how many bytes the process grows at most during a call; 0 where Linux does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
        before = memory("VmRSS")
        work()
        return max(memory("VmHWM") - before, 1)
    except OSError:
        return 0


def memory(name: str) -> int:
    """A line of this process's status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def rate(images: int, seconds: float) -> str:
    """Images a second, to three digits."""
    return f"{float(f'{images / seconds:.3g}'):,.0f} images/s"
