"""Which test images a study uses."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from pruning.data.base import used_rows


@given(st.integers(1, 5000), st.integers(1, 6000))
def test_as_many_rows_as_asked(images: int, samples: int) -> None:
    rows = list(range(images))[used_rows(images, samples)]
    assert len(rows) == min(images, samples)
    assert rows == sorted(set(rows))


def test_a_sorted_set_keeps_its_classes() -> None:
    labels = torch.arange(10).repeat_interleave(1000)
    used = labels[used_rows(len(labels), 500)]
    assert torch.bincount(used).tolist() == [50] * 10
    assert used_rows(10, None) == slice(None)
