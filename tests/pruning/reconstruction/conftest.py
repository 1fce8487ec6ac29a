"""These networks are so small that threads only wait for one another."""

from collections.abc import Iterator

import pytest

from pruning.training.precision import settled


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with settled(0):
        yield
