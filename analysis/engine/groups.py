"""Which tickets are shown images together, what that costs, and in how many processes it pays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from analysis.corruptions.conditions import CLEAN, Condition, in_order
from analysis.engine.base import Measure
from analysis.engine.plan import Job, Parts
from pruning.execution import cores
from pruning.execution.gpus import visible
from pruning.training.precision import LARGE_NETWORK, pick_device

GROUP = 24
"""Tickets measured together at most: each corrupted batch is made once a group."""

MEMORY = 1_000_000_000
"""Bytes that a group's weights and results may take."""

ROW = 32  # bytes of one ticket's results for one sample under one condition, while they are held

# About seconds on one core; only the proportions matter, for the time left.
PER_IMAGE = 3e-5
PER_MAC = 1e-10
WEIGHTS = {"fgsm": 4.5, "pgd": 27.0}
"""What an attack costs, in plain conditions: forward and backward passes for each of its steps, and one to measure."""

WORTH_SECONDS = 20.0
"""Work of fewer seconds on one core is done before further processes would have started."""


def groups_of(jobs: Sequence[Job], samples: int, known: Mapping[str, Measure]) -> Iterator[list[Job]]:
    """The jobs, in groups that fit in memory."""
    group: list[Job] = []
    taken = 0
    for job in jobs:
        rows = sum(len(parts) for table, parts in job.missing.items() if "sample" in known[table].columns)
        networks = 1 + len({pair.entry.id for table in job.missing for pair in job.pairs.get(table, ())})
        size = 8 * networks * job.entry.total + ROW * samples * (1 + rows)
        if group and (len(group) == GROUP or taken + size > MEMORY):
            yield group
            group, taken = [], 0
        group.append(job)
        taken += size
    if group:
        yield group


def by_condition(jobs: Sequence[Job], known: Mapping[str, Measure]) -> dict[Condition, list[Job]]:
    """The conditions that tickets are still to be shown, in their order, and what is to be made under each of them."""
    found: dict[Condition, list[Job]] = {}
    for job in jobs:
        under: dict[Condition, dict[str, Parts]] = {}
        for table, parts in job.missing.items():
            for part, made in parts.items():
                condition = _condition_of(part, known[table])
                under.setdefault(condition, {}).setdefault(table, {})[part] = made
        for condition, missing in under.items():
            found.setdefault(condition, []).append(replace(job, missing=missing))
    return {condition: found[condition] for condition in in_order(found)}


def _condition_of(part: str, measure: Measure) -> Condition:
    """The condition that a part is made under: it is PARTNER CORRUPTION SEVERITY KIND, without what there is not."""
    if not measure.by_condition:
        return CLEAN
    words = part.split(" ")[1 if measure.pairs else 0 :]
    return words[0], int(words[1])


def per_condition(samples: int, macs: int) -> float:
    """About the seconds to show a plain condition to one network of `macs` multiply-adds an image."""
    return samples * (PER_IMAGE + macs * PER_MAC)


def weight(condition: Condition) -> float:
    """About how many times a plain condition it costs."""
    return WEIGHTS.get(condition[0], 1.0)


def pick_processes(asked: int, macs: int, seconds: float, threads: int = 1) -> int:
    """How many processes of so many threads: `asked`, or as many as pay where that is 0.

    One for large networks on the CPU; never more than there are GPUs, where there are any.
    """
    if pick_device().type != "cpu":
        pays = max(1, len(visible())) if seconds >= WORTH_SECONDS else 1
        return min(asked or pays, max(1, len(visible())))
    if macs >= LARGE_NETWORK:
        return 1
    return asked or (max(1, cores() // threads) if seconds >= WORTH_SECONDS else 1)
