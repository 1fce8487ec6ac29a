"""Solved weights against numpy's least squares, and SparseGPT's sweep against its definition."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pruning.errors import UserError
from pruning.reconstruction import solving

ROWS, WIDTH, COUNT = 6, 11, 60


def layer(seed: int = 0, share: float = 0.6) -> tuple[Tensor, Tensor, Tensor]:
    """Weights [6, 11], correlated inputs [60, 11], and a mask."""
    source = torch.Generator().manual_seed(seed)
    weight = torch.randn(ROWS, WIDTH, generator=source, dtype=torch.float64)
    mixed = torch.randn(WIDTH, WIDTH, generator=source, dtype=torch.float64)
    inputs = torch.randn(COUNT, WIDTH, generator=source, dtype=torch.float64) @ mixed
    return weight, inputs, torch.rand(ROWS, WIDTH, generator=source) > share


def error(new: Tensor, weight: Tensor, inputs: Tensor) -> float:
    return float((inputs @ (new - weight).T).square().sum())


def by_numpy(inputs: Tensor, wanted: Tensor) -> Tensor:
    return torch.from_numpy(np.linalg.lstsq(inputs.numpy(), wanted.numpy(), rcond=None)[0])


def test_least_squares_is_that_of_numpy_row_by_row() -> None:
    weight, inputs, mask = layer()
    mask[0], mask[1], mask[3] = False, True, mask[2]
    found = solving.least_squares(weight, mask, inputs.T @ inputs)
    assert torch.equal(found[1], weight[1])
    for row, (kept, old) in enumerate(zip(mask, weight, strict=True)):
        assert not found[row][~kept].any()
        torch.testing.assert_close(found[row][kept], by_numpy(inputs[:, kept], inputs @ old), rtol=1e-8, atol=1e-9)


def test_ridge_pulls_towards_the_old_weights_as_extra_inputs_would() -> None:
    weight, inputs, mask = layer(1)
    gram = inputs.T @ inputs
    pull = float(0.3 * gram.diagonal().mean()) ** 0.5
    more = torch.cat([inputs, pull * torch.eye(WIDTH, dtype=torch.float64)])
    found = solving.least_squares(weight, mask, solving.damped(gram, 0.3))
    for row, (kept, old) in enumerate(zip(mask, weight, strict=True)):
        torch.testing.assert_close(found[row][kept], by_numpy(more[:, kept], more @ old), rtol=1e-8, atol=1e-9)


def test_the_sweep_is_its_definition() -> None:
    """A weight takes the value that is best given those to its left, all to its right still free; or zero."""
    weight, inputs, mask = layer(2)
    expected = torch.zeros_like(weight)
    for row, old in enumerate(weight):
        for j in range(WIDTH):
            rest = inputs @ old - inputs[:, :j] @ expected[row, :j]
            expected[row, j] = by_numpy(inputs[:, j:], rest)[0] if mask[row, j] else 0.0
    found = solving.sparsegpt(weight, mask, inputs.T @ inputs)
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-8)


def test_sparsegpt_lies_between_no_update_and_the_optimum() -> None:
    """Never below the optimum; above no update only as a rule, so over many layers."""
    total_swept, total_masked = 0.0, 0.0
    for seed in range(20):
        weight, inputs, mask = layer(seed)
        gram = inputs.T @ inputs
        best = error(solving.least_squares(weight, mask, gram), weight, inputs)
        swept = error(solving.sparsegpt(weight, mask, gram), weight, inputs)
        assert best < swept
        total_swept += swept
        total_masked += error(weight * mask, weight, inputs)
    assert total_swept < 0.95 * total_masked


def test_sparsegpt_is_the_optimum_where_nothing_that_is_kept_has_been_passed() -> None:
    weight, inputs, _ = layer(9)
    gram, mask = inputs.T @ inputs, torch.arange(WIDTH).expand(ROWS, WIDTH) >= 4
    torch.testing.assert_close(solving.sparsegpt(weight, mask, gram), solving.least_squares(weight, mask, gram))


def test_the_blocks_only_change_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, inputs, mask = layer(3)
    gram = inputs.T @ inputs
    whole = solving.sparsegpt(weight, mask, gram)
    monkeypatch.setattr(solving, "BLOCK", 3)
    torch.testing.assert_close(solving.sparsegpt(weight, mask, gram), whole)


def test_nothing_changes_where_nothing_goes() -> None:
    weight, inputs, _ = layer(4)
    full, gram = torch.ones(ROWS, WIDTH, dtype=torch.bool), inputs.T @ inputs
    for update in solving.UPDATES.values():
        assert torch.equal(update(weight, full, gram), weight)


def test_the_order_of_inputs_says_nothing_to_least_squares() -> None:
    weight, inputs, mask = layer(5)
    order = torch.randperm(WIDTH, generator=torch.Generator().manual_seed(0))
    plain = solving.least_squares(weight, mask, inputs.T @ inputs)
    mixed = inputs[:, order]
    found = solving.least_squares(weight[:, order], mask[:, order], mixed.T @ mixed)
    torch.testing.assert_close(found, plain[:, order], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("kept", [0, 1, 20, 37, 66])
def test_the_sweep_that_chooses_keeps_exactly_so_many(kept: int) -> None:
    weight, inputs, _ = layer(6)
    gram = inputs.T @ inputs
    for block in (4, 128):
        found, mask = solving.choose_and_update(weight, gram, kept, block)
        assert int(mask.sum()) == kept
        torch.testing.assert_close(found, solving.sparsegpt(weight, mask, gram))


@pytest.mark.parametrize("kept", [0, 1, 20, 33])
def test_what_came_pruned_is_never_chosen(kept: int) -> None:
    weight, inputs, alive = layer(9)
    alive.view(-1)[:40] = True
    alive[:, :3] = False  # a block of which nothing is left
    gram = inputs.T @ inputs
    for block in (3, 4, 128):
        found, mask = solving.choose_and_update(weight * alive, gram, min(kept, int(alive.sum())), block, alive)
        assert int(mask.sum()) == min(kept, int(alive.sum()))
        assert not bool((mask & ~alive).any())
        assert not found[~alive].any()


def test_patterns_keep_what_came_pruned_at_zero() -> None:
    source = torch.Generator().manual_seed(0)
    weight, inputs = torch.randn(5, 8, generator=source).double(), torch.randn(90, 8, generator=source).double()
    alive = torch.rand(5, 8, generator=source) < 0.5
    found, mask = solving.choose_pattern(weight * alive, inputs.T @ inputs, (2, 4), 1, alive)
    assert torch.equal(mask.view(5, 2, 4).sum(2), alive.view(5, 2, 4).sum(2).clamp(max=2))
    assert not found[~alive].any()


def test_what_is_chosen_costs_least() -> None:
    """In one block: those go whose removal costs least, were only those to their right to make up for it."""
    weight, inputs, _ = layer(7)
    costs = torch.zeros_like(weight)
    for j in range(WIDTH):
        others = inputs[:, j + 1 :]
        rest = inputs[:, j] - (others @ by_numpy(others, inputs[:, j]) if j + 1 < WIDTH else 0)
        costs[:, j] = weight[:, j] ** 2 * rest.square().sum()
    _, mask = solving.choose_and_update(weight, inputs.T @ inputs, 30)
    assert float(costs[mask].min()) > float(costs[~mask].max())


@pytest.mark.parametrize("places", [1, 3])
def test_patterns_hold_among_neighbouring_inputs(places: int) -> None:
    source = torch.Generator().manual_seed(0)
    weight = torch.randn(5, 8 * places, generator=source, dtype=torch.float64)
    inputs = torch.randn(90, 8 * places, generator=source, dtype=torch.float64)
    gram = inputs.T @ inputs
    found, mask = solving.choose_pattern(weight, gram, (2, 4), places)
    groups = mask.view(5, 2, 4, places).sum(dim=2)
    assert bool((groups == 2).all())
    assert not found[~mask].any()
    plain = weight.abs().view(5, 2, 4, places).sort(dim=2).values[:, :, 2:].square().sum()
    assert float(found.square().sum()) > 0.5 * float(plain)
    assert error(found, weight, inputs) < error(weight * mask, weight, inputs)


def test_too_few_inputs_are_one_sentence() -> None:
    weight, inputs, mask = layer(8)
    few = inputs[:4]
    with pytest.raises(UserError, match="`ridge`"):
        solving.sparsegpt(weight, mask, few.T @ few)
    assert bool(solving.sparsegpt(weight, mask, solving.damped(few.T @ few, 0.01)).isfinite().all())
