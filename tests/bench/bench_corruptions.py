"""Every corruption at every severity: whole batches against one image at a time.

At the size of ImageNet one image at a time is the published package, imagecorruptions in its maintained edition
imagecorruptions-imaug; at that of CIFAR-10 and MNIST, whose severities it does not know, plain numpy and scipy.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import cv2
import imagecorruptions
import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import CORRUPTIONS, NAMES, SEVERITIES, Corruption, corrupt
from tests.analysis.corruptions.pictures import pictures
from tests.bench.plain_corruptions import PLAIN
from tests.bench.rows import Row

# Channels, size, images.
SETTINGS = ((3, 32, 1000), (1, 28, 1000), (3, 224, 64))
# From this size on the published package is what ours is held against, in the sum and in each corruption. On two
# threads the ratios aimed at are twice those of one: 30 and 10, and 30 in the geometric mean of small images.
PUBLISHED_FROM = 224
TARGET_A_THREAD, TARGET_OF_EACH = 15.0, 5.0
# One image at a time is given so many seconds for each condition, and timed on as many images as it makes in them.
BASELINE_SECONDS = 0.06


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
        baseline = {name: one_by_one(images, CORRUPTIONS[name], severities) for name in NAMES}
        for threads in (1,) if quick else sorted({1, torch.get_num_threads()}):
            with using(threads):
                rows += compare(images, severities, baseline, 1 if quick else 3)
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


def one_by_one(images: Tensor, corruption: Corruption, severities: tuple[int, ...]) -> Seconds:
    """Seconds for all images at all severities one after another, from as many as fit into `BASELINE_SECONDS`."""
    arrays = images.permute(0, 2, 3, 1).contiguous().numpy()
    cpu = wall = 0.0
    for severity in severities:
        work = published if len(arrays[0]) >= PUBLISHED_FROM else plain
        # The first also makes what is kept, such as compiled code and the textures of frost.
        work(arrays[0], corruption, severity)
        done, cpu_start, wall_start = 0, process_time(), perf_counter()
        while done < len(arrays) and process_time() - cpu_start < BASELINE_SECONDS:
            work(arrays[done], corruption, severity)
            done += 1
        cpu += (process_time() - cpu_start) * len(arrays) / done
        wall += (perf_counter() - wall_start) * len(arrays) / done
    return Seconds(cpu, wall)


def published(image: np.ndarray, corruption: Corruption, severity: int) -> np.ndarray:
    """An image [H, W, 3] by the published package, on one thread as all of it."""
    cv2.setNumThreads(1)
    result: np.ndarray = imagecorruptions.corrupt(image, severity=severity, corruption_name=corruption.name)
    return result


def plain(image: np.ndarray, corruption: Corruption, severity: int) -> np.ndarray:
    """An image [H, W, C] as one would write it."""
    return PLAIN[corruption.name](image, *corruption.parameters(severity, min(image.shape[:2])))


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


def compare(images: Tensor, severities: tuple[int, ...], baseline: dict[str, Seconds], repeats: int) -> list[Row]:
    """The rows for one set of images.

    On one thread CPU seconds are compared, which other work on the machine does not lengthen; on several, those on the
    clock, which is what several threads are for.
    """
    count, channels, size, _ = images.shape
    threads, large = torch.get_num_threads(), size >= PUBLISHED_FROM
    clock, means = ("cpu", "CPU seconds of 1 thread") if threads == 1 else ("wall", f"{threads} threads by the clock")
    against = "imagecorruptions-imaug" if large else "plain numpy and scipy"
    group = f"{count:,} x {size}x{size}x{channels}, {means}; baseline: {against}"
    rows = []
    for name in NAMES:
        ours = at_once(images, name, severities, repeats)
        seconds = getattr(baseline[name], clock), getattr(ours, clock)
        rows.append(Row(name, *seconds, TARGET_OF_EACH * threads if large else 1.0, group=group))
    return [*rows, *summary(images, rows, severities, group, TARGET_A_THREAD * threads)]


def summary(images: Tensor, rows: list[Row], severities: tuple[int, ...], group: str, target: float) -> list[Row]:
    """The sum over the corruptions, with the memory it takes, and the geometric mean, of seconds and so of ratios."""
    baseline, ours = ([getattr(row, side) for row in rows] for side in ("baseline_s", "ours_s"))
    conditions = len(rows) * len(severities)
    grown = peak_growth(partial(everything, images, severities))
    memory = f"; peak memory +{grown / 1e6:.0f} MB for batches of {images.numel() / 1e6:.0f} MB" if grown else ""
    made = len(images) * conditions
    note = f"{rate(made, sum(ours))}, baseline {rate(made, sum(baseline))}{memory}"
    of_sum, of_mean = (target, 1.0) if images.shape[-1] >= PUBLISHED_FROM else (1.0, target)
    mean_baseline, mean_ours = (float(np.exp(np.mean(np.log(times)))) for times in (baseline, ours))
    return [
        Row(f"all {conditions} conditions", sum(baseline), sum(ours), of_sum, note=note, group=group),
        Row(f"geometric mean of {len(rows)}", mean_baseline, mean_ours, of_mean, group=group),
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
