"""What is kept of activations: distances, zeros and units, whatever the batches."""

import numpy as np
import pytest
import torch
from torch import Tensor

from analysis.metrics.sketch import WIDTH, Units, flat, pooled, projection, sketch


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def test_narrow_layers_are_kept_as_they_are() -> None:
    rows = drawn(7, WIDTH)
    assert torch.equal(sketch(pooled(rows)), rows)
    maps = drawn(5, 6, 4, 4)
    assert torch.equal(sketch(pooled(maps)), maps.flatten(1))


def test_wide_layers_keep_their_distances() -> None:
    rows = drawn(60, 20) @ drawn(20, 3000)
    ratios = torch.pdist(sketch(pooled(rows))) / torch.pdist(rows) * (3000 / WIDTH) ** 0.5
    assert float(ratios.mean()) == pytest.approx(1, abs=0.1)
    assert float(ratios.std()) < 0.12
    np.testing.assert_allclose(projection(3000).T @ projection(3000), np.eye(WIDTH), atol=1e-5)


def test_maps_are_averaged_and_tokens_too() -> None:
    maps = torch.arange(64.0).view(1, 1, 8, 8)
    assert pooled(maps)[0, 0, 0] == maps[0, 0, :2, :2].mean()
    tokens = drawn(3, 50, 40)
    assert torch.equal(sketch(pooled(tokens)), tokens.mean(1))
    assert sketch(pooled(drawn(2, 512, 7, 7))).shape == (2, WIDTH)


def test_maps_are_flattened_as_they_lie() -> None:
    maps = drawn(3, 5, 4, 2)
    last = maps.contiguous(memory_format=torch.channels_last)
    assert flat(last).data_ptr() == last.data_ptr()
    torch.testing.assert_close(flat(last) @ flat(last).T, flat(maps) @ flat(maps).T)


@pytest.mark.parametrize("shape", [(12,), (12, 9, 9), (9, 12)])
def test_units_in_batches(shape: tuple[int, ...]) -> None:
    """Three of twelve units give the same of every image; one of these not the same at every place."""
    activations = drawn(40, *shape).relu()
    unit = -1 if len(shape) == 2 else 1
    rows = activations.movedim(unit, 1)
    rows[:, 0], rows[:, 1], rows[:, 2] = 0.0, 0.5, rows[0, 2].clone()
    units = Units()
    for part in activations.split(11):
        units.update(pooled(part))
        units.count_zeros(flat(part))
    assert (units.count, units.dead) == (12, 3)
    assert units.sparsity == pytest.approx(float((activations == 0).float().mean()))
    assert np.isnan(Units().sparsity)
