"""Predictions as results keep them: how far each is off the label, a byte an image; whether it is right, a bit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pruning.errors import UserError


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
        if len(stored) not in (n, 2 * n):
            raise UserError(
                f"The results of ticket {ticket} under {corruption} {severity} are damaged: {len(stored)} bytes for "
                f"{n} images; remove them and measure the ticket again."
            )
        kind = np.dtype("u1" if len(stored) == n else "<u2")
        found.setdefault(ticket, {})[corruption, int(severity)] = np.frombuffer(stored, dtype=kind)
    _check_conditions(found)
    order = list(next(iter(found.values()), {}))
    return {ticket: np.stack([rows[condition] for condition in order]) for ticket, rows in found.items()}


def pack_bits(right: np.ndarray) -> bytes:
    """Which images of N are meant, bool [N], as a bit an image."""
    return np.packbits(right).tobytes()


def unpack_bits(packed: bytes, images: int) -> np.ndarray:
    """The same again: bool [N]."""
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8))[:images].astype(bool)


def _check_conditions(found: Mapping[str, Mapping[tuple[str, int], np.ndarray]]) -> None:
    everything = dict.fromkeys(condition for rows in found.values() for condition in rows)
    sizes = {offsets.size: ticket for ticket, rows in found.items() for offsets in rows.values()}
    if len(sizes) > 1:
        (n, one), (m, other) = list(sizes.items())[:2]
        raise UserError(
            f"Tickets {one} and {other} were measured on different test sets ({n} and {m} images), so they cannot be "
            "paired; compare tickets of one data set."
        )
    for ticket, rows in found.items():
        for corruption, severity in everything:
            if (corruption, severity) not in rows:
                raise UserError(
                    f"Ticket {ticket} has no results under {corruption} {severity} yet; finish measuring the study "
                    "with `python -m analysis run`."
                )
