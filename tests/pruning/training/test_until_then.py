"""Conditions on a training curve that look back: against a scan by hand."""

from hypothesis import given
from hypothesis import strategies as st

from pruning.training.history import Epoch
from pruning.training.until import Until


def curve(accuracies: list[float]) -> list[Epoch]:
    """A curve with these test accuracies."""
    return [Epoch(epoch=n + 1, loss=1, train_accuracy=1, test_accuracy=each) for n, each in enumerate(accuracies)]


@given(st.lists(st.sampled_from([0.2, 0.9]), max_size=30), st.integers(1, 3), st.integers(0, 12))
def test_then_so_many_points_after_it_first_held(accuracies: list[float], points: int, then: int) -> None:
    until = Until.read(f"test accuracy > 0.5 for {points} points then {then} points")
    runs = [all(value > 0.5 for value in accuracies[end - points : end]) for end in range(points, len(accuracies) + 1)]
    held = runs.index(True) + points if True in runs else None
    expected = None if held is None or held + then > len(accuracies) else held + then
    found = until.first(curve(accuracies))
    assert (None if found is None else found.epoch) == expected


def test_the_one_form_has_no_more_than_was_said() -> None:
    assert str(Until.read("test accuracy>0.95  then 50 points")) == "test accuracy > 0.95 then 50 points"
    assert str(Until.read("loss < 1e-3 for 2 points then 1 point")) == "loss < 0.001 for 2 points then 1 point"
    assert str(Until.read("loss < 1e-3 for 1 point then 0 points")) == "loss < 0.001"
