"""Progress: shares and sums of it, told in one form."""

import pytest

from pruning.errors import UserError
from pruning.progress import Total, as_progress, duration, quiet, saying, share, throttled, time_left


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.all: list[tuple[float, str]] = []

    def __call__(self, fraction: float, text: str, /) -> None:
        self.all.append((fraction, text))


def test_a_share_lies_within_the_whole() -> None:
    heard = Heard()
    part = share(heard, 0.5, 0.25, "dense")
    for fraction in (0.0, 0.5, 1.0):
        part(fraction, "training")
    assert heard.all == [(0.5, "dense: training"), (0.625, "dense: training"), (0.75, "dense: training")]


def test_tasks_count_by_their_cost_whatever_their_order() -> None:
    heard = Heard()
    total = Total(4.0, heard)
    cheap, dear = total.task(1.0, "a"), total.task(3.0)
    cheap(0.5, "x")
    dear(1.0, "y")
    cheap(1.0, "x")
    assert heard.all == [(0.125, "a: x"), (0.875, "y"), (1.0, "a: x")]


def test_a_total_never_goes_backwards_nor_beyond_the_end() -> None:
    heard = Heard()
    total = Total(1.0, heard)
    task = total.task(1.0)
    for fraction in (0.6, 0.2, 0.8):
        task(fraction, "")
    total.task(5.0)(1.0, "")
    assert [fraction for fraction, _ in heard.all] == pytest.approx([0.6, 0.6, 0.8, 1.0])


def test_nothing_to_do_is_done_and_what_was_left_out_counts_at_the_end() -> None:
    heard = Heard()
    Total(0.0, heard).task(0.0)(0.0, "")
    total = Total(2.0, heard)
    total.task(1.0)(1.0, "")
    total.finish()
    assert [fraction for fraction, _ in heard.all] == [1.0, 0.5, 1.0]


def test_small_steps_and_quick_ones_are_not_passed_on() -> None:
    heard = Heard()
    told = throttled(heard, step=0.1, seconds=0.0)
    for percent in range(101):
        told(percent / 100, "")
    assert len(heard.all) == pytest.approx(10, abs=1)
    slow = throttled(heard, step=0.1, seconds=60.0)
    heard.all.clear()
    for percent in range(101):
        slow(percent / 100, "")
    assert len(heard.all) == 1


def test_one_text_for_all() -> None:
    heard = Heard()
    saying(heard, "finding the mask")(0.5, "training")
    assert heard.all == [(0.5, "finding the mask")]


def test_true_is_a_line_and_what_is_no_function_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    told = as_progress(True)
    told(0.0, "first")
    told(1.0, "done")
    told(1.0, "again")
    assert capsys.readouterr().err.split() == ["0", "%", "first", "100", "%", "done"]
    assert as_progress(False) is as_progress(None) is quiet
    assert as_progress(print) is print
    with pytest.raises(UserError, match="as True, or as a function"):
        as_progress("yes")  # type: ignore[arg-type]


def test_the_time_left_is_said_in_the_unit_of_people_once_it_can_be_told() -> None:
    assert time_left(10.0, 12.0, 0.0) is None
    assert time_left(10.0, 12.0, 0.001) is None  # else the first step of many would promise weeks
    assert time_left(10.0, 12.0, 0.25) == 6.0
    assert time_left(10.0, 12.0, 1.0) == 0.0
    said = [duration(seconds) for seconds in (0, 89, 90, 3_600, 5_400, 100_000, 200_000)]
    assert said == ["0 s", "89 s", "2 min", "60 min", "2 h", "28 h", "2 days"]
