"""Every corruption at every severity: whole batches against one image at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import AVAILABLE, CORRUPTIONS, SEVERITIES, Corruption, corrupt
from tests.analysis.corruptions.pictures import pictures
from tests.bench.plain_corruptions import PLAIN
from tests.bench.rows import Row, versus

# Channels, size, images, and the ratios aimed at: for each corruption, and for all together.
SETTINGS = ((3, 32, 1000, 1.0, 10.0), (1, 28, 1000, 1.0, 10.0), (3, 224, 16, 1.0, 1.0))


def plainly(images: np.ndarray, corruption: Corruption, severities: tuple[int, ...]) -> None:
    """Images [N, H, W, C], one after another."""
    for severity in severities:
        parameters = corruption.parameters(severity, min(images.shape[1:3]))
        for image in images:
            PLAIN[corruption.name](image, *parameters)


def at_once(images: Tensor, corruption: Corruption, severities: tuple[int, ...]) -> None:
    """Images [N, C, H, W], all of them."""
    for severity in severities:
        corrupt(images, corruption.name, severity)


def run(quick: bool) -> list[Row]:
    """A row for each corruption and one for all, for each size of image, on one thread and on all."""
    severities = (3,) if quick else SEVERITIES
    rows = []
    for channels, size, count, each, together in SETTINGS[:1] if quick else SETTINGS:
        images = pictures(count // (5 if quick else 1), channels, size, size)
        for threads in (1,) if quick else sorted({1, torch.get_num_threads()}):
            with using(threads):
                rows += compare(images, severities, each, together, 1 if quick else 3)
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


def compare(images: Tensor, severities: tuple[int, ...], each: float, together: float, repeats: int) -> list[Row]:
    """The rows for one set of images. The plain way is timed on a tenth of them, and its time taken tenfold.

    On one thread CPU seconds are compared, which other work on the machine does not lengthen.
    """
    count, channels, size, _ = images.shape
    few = np.ascontiguousarray(images[: max(1, count // 10)].permute(0, 2, 3, 1).numpy())
    scale = count / len(few)
    threads = torch.get_num_threads()
    form = f"{size}x{size}x{channels}, {threads} thread{'s' if threads > 1 else ''}"
    rows = []
    for corruption in (CORRUPTIONS[name] for name in AVAILABLE):
        work = (partial(plainly, few, corruption, severities), partial(at_once, images, corruption, severities))
        plain, ours = versus(*work, repeats, cpu=threads == 1)
        rows.append(
            Row(f"{corruption.name}, {form}", plain * scale, ours, each, note=rate(count * len(severities), ours))
        )
    plain, ours = sum(row.baseline_s for row in rows), sum(row.ours_s for row in rows)
    done = count * len(severities) * len(rows)
    mean = float(np.exp(np.mean([np.log(row.ratio) for row in rows])))
    note = f"{rate(done, ours)}, geometric mean of the ratios {mean:.1f} x"
    return [*rows, Row(f"all {len(rows)} corruptions, {form}", plain, ours, together, note=note)]


def rate(images: int, seconds: float) -> str:
    """Images a second, to three digits."""
    return f"{float(f'{images / seconds:.3g}'):,.0f} images/s"
