"""What tickets cost, for each family, and how it is written."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import costs, family_means
from tests.analysis.comparisons.test_family_means import results
from tests.app.conftest import make_tickets


def measured(skip: tuple[str, ...] = ()) -> pd.DataFrame:
    """Rows of the table `efficiency`: the second seed is twice as slow, IMP runs as a smaller network."""
    rows = []
    for ticket in make_tickets().itertuples():
        small = ticket.method == "imp"
        speed = 4.0 if small else 1.0
        dense = 8.0 * (1 + ticket.seed)
        rows.append(
            {
                "ticket_id": ticket.ticket_id, "macs": 5000, "macs_kept": 5 * ticket.kept, "parameters": 1100,
                "kept_parameters": 100 + ticket.kept, "bytes_dense": 4400, "bytes_ticket": 400 + 4 * ticket.kept,
                "bytes_network": 1100 if small else 4400, "shrunk": small, "batch": 64, "threads": 1,
                "latency_ms": dense / speed, "latency_low": 0.9 * dense / speed, "latency_high": 1.1 * dense / speed,
                "dense_ms": dense, "speedup": speed, "speedup_low": 3.0 if small else 1.0,
                "speedup_high": 5.0 if small else 1.0, "peak_bytes": 2000 if small else 6000,
                "dense_peak_bytes": 6000, "machine": "A machine",
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame[~frame["ticket_id"].isin(skip)]


@pytest.fixture
def weighed() -> pd.DataFrame:
    keys = dict.fromkeys(make_tickets()["key"])
    summary, conditions = results({key: [0.9 - 0.05 * place, 0.88 - 0.05 * place] for place, key in enumerate(keys)})
    families = family_means.by_family(family_means.measured(make_tickets(), summary, conditions))
    return costs.weighed(families, costs.by_family(make_tickets(), measured()))


def test_families_are_means_over_seeds() -> None:
    found = costs.by_family(make_tickets(), measured()).set_index("key")
    assert found.loc["imp-90", "latency_ms"] == pytest.approx((2.0 + 4.0) / 2)
    assert found.loc["imp-90", "macs_kept"] == 500
    assert found.loc["imp-90", "macs_share"] == pytest.approx(0.1)
    assert found["shrunk"].to_dict() == {key: key.startswith("imp") for key in found.index}


def test_what_was_not_measured_is_missing() -> None:
    found = costs.by_family(make_tickets(), measured(("imp-90.0", "imp-90.1", "imp-50.1"))).set_index("key")
    assert np.isnan(found.loc["imp-90", "macs"])
    assert not found.loc["imp-90", "shrunk"]
    assert found.loc["imp-50", "latency_ms"] == pytest.approx(2.0)


def test_time_is_relative_to_the_dense_network(weighed: pd.DataFrame) -> None:
    """So that a seed measured on a slower day is no slower ticket."""
    rows = weighed.set_index("key")
    assert rows.loc["snip-90", ["time", "time_low", "time_high"]].tolist() == [1, 1, 1]
    assert rows.loc["imp-90", ["time", "time_low", "time_high"]].tolist() == pytest.approx([1 / 4, 1 / 5, 1 / 3])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.981, "share", "98.1 %"),
        (972, "count", "972"),
        (9_999, "count", "9,999"),
        (41_652, "count", "41.7 k"),
        (40_551_040, "count", "40.6 M"),
        (812, "bytes", "812 B"),
        (24_100, "bytes", "24.1 kB"),
        (44_700_000, "bytes", "44.7 MB"),
        (float("nan"), "bytes", "–"),
    ],
)
def test_numbers_for_people(value: float, unit: costs.Unit, text: str) -> None:
    assert costs.write(value, unit) == text


def test_the_caption_names_every_machine_once() -> None:
    frame = pd.concat([measured(), measured().assign(machine="Another", threads=2)])
    said = costs.machines(frame)
    assert said.count("A machine, 1 thread, 64 images") == 1
    assert said.count("Another, 2 threads") == 1
