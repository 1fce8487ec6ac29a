"""Predictions as results keep them: how far each is off the label, a byte an image; whether it is right, a bit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from analysis.results.blobs import runs
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.study.commands import typed


def unpack_correct(conditions: pd.DataFrame) -> dict[str, np.ndarray]:
    """Correctness of each ticket from rows of the results' table `conditions`.

    Arguments, order and errors as for `unpack_offsets`. Returns {ticket id: bool [conditions, n]}.
    """
    return {ticket: offsets == 0 for ticket, offsets in unpack_offsets(conditions).items()}


def unpack_offsets(conditions: pd.DataFrame) -> dict[str, np.ndarray]:
    """How far off each prediction of each ticket is, from rows of the results' table `conditions`.

    The offset is (prediction - label) mod classes: 0 is right, and the prediction is (label + offset) mod classes.

    Args:
        conditions: columns ticket_id, corruption, severity, n, offsets; choose the rows of the corruptions that are
            wanted before (the clean images are there as corruption "clean").

    Returns:
        {ticket id: uint8 [conditions, n]} (uint16 beyond 256 classes), tickets in the order they appear, conditions in
        that of the first ticket.

    Raises:
        UserError: a ticket lacks a condition that another has, the tickets saw different numbers of images, or what is
            stored does not fit that number.
    """
    found: dict[str, dict[tuple[str, int], np.ndarray]] = {}
    columns = [conditions[name] for name in ("ticket_id", "corruption", "severity", "n", "offsets")]
    for ticket, corruption, severity, n, stored in zip(*columns, strict=True):
        _check_size(ticket, (corruption, severity), len(stored), n)
        kind = np.dtype("u1" if len(stored) == n else "<u2")
        found.setdefault(ticket, {})[corruption, int(severity)] = np.frombuffer(stored, dtype=kind)
    _check_conditions(found)
    order = list(next(iter(found.values()), {}))
    return {ticket: np.stack([rows[condition] for condition in order]) for ticket, rows in found.items()}


def stored_offsets(
    results: Results, ids: Collection[str], corruptions: Collection[str]
) -> Iterator[tuple[str, list[tuple[str, int]], np.ndarray]]:
    """How far off each prediction of many tickets is, without holding all of them: a run of rows at a time.

    Args:
        results: of a study.
        ids: the tickets'; one without rows gives none.
        corruptions: those that are wanted, "clean" among them or not.

    Returns:
        Ticket's id, conditions, and uint8 or uint16 [conditions, n], only to be read, and gone with the next; a ticket
        may come several times, with other conditions.

    Raises:
        UserError: a file is damaged, or what is stored does not fit the number of images.
    """
    wanted = set(corruptions)
    for run in runs(results, "conditions", ids, ("corruption", "severity", "n"), "offsets"):
        names, images, size = run.keys["corruption"], run.keys["n"], run.blobs.shape[1]
        rows = [place for place, name in enumerate(names) if name in wanted]
        if not rows:
            continue
        conditions = [(str(names[place]), int(run.keys["severity"][place])) for place in rows]
        for place, condition in zip(rows, conditions, strict=True):
            _check_size(run.ticket, condition, size, images[place])
        stored = run.blobs if len(rows) == len(names) else run.blobs[rows]
        yield run.ticket, conditions, stored if size == images[rows[0]] else stored.view("<u2")


def pack_bits(right: np.ndarray) -> bytes:
    """Which images of N are meant, bool [N], as a bit an image."""
    return np.packbits(right).tobytes()


def unpack_bits(packed: bytes, images: int) -> np.ndarray:
    """The same again: bool [N]."""
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8))[:images].astype(bool)


def _check_size(ticket: str, condition: tuple[str, int], size: int, n: int) -> None:
    if size not in (n, 2 * n):
        raise UserError(
            f"The results of ticket {ticket} under {condition[0]} {condition[1]} are damaged: {size} bytes for "
            f"{n} images; remove them and measure the ticket again."
        )


def _check_conditions(found: Mapping[str, Mapping[tuple[str, int], np.ndarray]]) -> None:
    sizes = {offsets.size: ticket for ticket, rows in found.items() for offsets in rows.values()}
    check_comparable(found, sizes)


def check_comparable(measured: Mapping[str, Collection[tuple[str, int]]], sizes: Mapping[int, str]) -> None:
    """See whether tickets were measured under the same conditions, on the same images.

    Args:
        measured: ticket's id -> its conditions.
        sizes: number of images -> a ticket that was shown so many.

    Raises:
        UserError: they were not.
    """
    if len(sizes) > 1:
        (n, one), (m, other) = list(sizes.items())[:2]
        raise UserError(
            f"Tickets {one} and {other} were measured on different test sets ({n} and {m} images), so they cannot be "
            "paired; compare tickets of one data set."
        )
    everything = dict.fromkeys(condition for own in measured.values() for condition in own)
    for ticket, own in measured.items():
        if len(own) < len(everything):
            corruption, severity = next(each for each in everything if each not in own)
            raise UserError(
                f"Ticket {ticket} has no results under {corruption} {severity} yet; finish measuring the study "
                f"with `{typed('analysis', 'run', 'STUDY')}`."
            )
