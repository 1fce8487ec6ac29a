"""Which test images a study uses."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from pruning.data.base import used_rows


@given(st.integers(1, 5000), st.integers(1, 6000))
def test_as_many_rows_as_asked(images: int, samples: int) -> None:
    rows = torch.arange(images)[used_rows(images, samples)].tolist()
    assert len(rows) == min(images, samples)
    assert rows == sorted(set(rows))


@given(st.integers(2, 10), st.integers(1, 300), st.integers(1, 3000))
def test_a_sorted_set_keeps_its_classes_in_their_shares(classes: int, each: int, samples: int) -> None:
    labels = torch.arange(classes).repeat_interleave(each)
    counts = torch.bincount(labels[used_rows(len(labels), samples)], minlength=classes)
    assert (counts - min(samples, len(labels)) / classes).abs().max() < 1


@given(st.integers(1, 200), st.integers(1, 20))
def test_a_whole_number_of_steps_is_every_kth_row(samples: int, step: int) -> None:
    rows = torch.arange(samples * step)[used_rows(samples * step, samples)]
    assert rows.tolist() == [*range(0, samples * step, step)]


def test_all_rows_are_no_copy() -> None:
    assert used_rows(10, None) == slice(None)
