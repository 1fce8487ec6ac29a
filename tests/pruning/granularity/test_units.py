"""Filters, tiles, N:M: against a search by hand through the ranking, and against what must hold for any scores."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.masks import Masks, counts, make_masks
from pruning.models import build_model, prunable

untimed = settings(deadline=None, max_examples=40)
ALLOCATION = st.sampled_from(["global", "layer", "erk"])


@st.composite
def layers(draw: st.DrawFn) -> dict[str, Tensor]:
    """Scores of one to three layers, with few distinct values so that many tie."""
    result = {}
    for number in range(draw(st.integers(1, 3))):
        shape = draw(st.lists(st.integers(1, 6), min_size=2, max_size=3))
        size = int(np.prod(shape))
        values = draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))
        result[f"layer{number}"] = torch.tensor(values, dtype=torch.float32).view(shape)
    return result


def asked(scores: dict[str, Tensor], sparsity: float) -> int:
    """The number of weights that should go."""
    return round(sparsity * sum(score.numel() for score in scores.values()))


def most(scores: dict[str, Tensor]) -> float:
    """The sparsity at which one filter a layer is left."""
    least = sum(score[0].numel() for score in scores.values())
    return 1 - least / sum(score.numel() for score in scores.values())


def whole(masks: Masks) -> bool:
    """Whether every filter is kept whole or not at all."""
    return all(bool((m.flatten(1).any(1) == m.flatten(1).all(1)).all()) for m in masks.values())


def filters_by_hand(scores: dict[str, Tensor], budget: int) -> set[tuple[str, int]]:
    """The filters that go: by rising mean, later first, the best of each layer left out, until one is too much."""
    ranked = [
        (float(s.double().mean()), -n, -r, name, r) for n, name in enumerate(scores) for r, s in enumerate(scores[name])
    ]
    best = {name: min((e for e in ranked if e[3] == name), key=lambda e: (-e[0], -e[1], -e[2])) for name in scores}
    gone: set[tuple[str, int]] = set()
    for entry in sorted(entry for entry in ranked if entry not in best.values()):
        budget -= scores[entry[3]][0].numel()
        if budget < 0:
            break
        gone.add((entry[3], entry[4]))
    return gone


@untimed
@given(layers(), st.floats(0, 0.95))
def test_filters_go_in_the_order_of_their_means(scores: dict[str, Tensor], sparsity: float) -> None:
    sparsity = min(sparsity, max(0.0, most(scores) - 1e-9))
    masks = make_masks(scores, sparsity, structure="filter")
    gone = {(name, row) for name, m in masks.items() for row in range(len(m)) if not bool(m[row].any())}
    assert whole(masks)
    assert gone == filters_by_hand(scores, asked(scores, sparsity))


@untimed
@given(layers(), st.floats(0, 0.95), st.sampled_from(["layer", "erk"]))
def test_shared_out_filters_stay_whole_within_the_budget(
    scores: dict[str, Tensor], sparsity: float, allocation: str
) -> None:
    sparsity = min(sparsity, max(0.0, most(scores) - 1e-9))
    masks = make_masks(scores, sparsity, allocation, "filter")
    kept, total = counts(masks)
    assert whole(masks)
    assert all(bool(mask.any()) for mask in masks.values())
    assert total - kept <= asked(scores, sparsity)
    assert asked(scores, sparsity) - (total - kept) < max(score[0].numel() for score in scores.values()) * len(scores)


def test_layer_takes_the_same_share_of_filters_everywhere() -> None:
    scores = {"a": torch.rand(8, 3), "b": torch.rand(16, 4, 3, 3), "c": torch.rand(4, 50)}
    masks = make_masks(scores, 0.5, "layer", "filter")
    assert [int(mask.flatten(1).all(1).sum()) for mask in masks.values()] == [4, 8, 2]


@untimed
@given(layers(), st.floats(0, 0.9), st.floats(0, 0.9), ALLOCATION, st.sampled_from(["filter", "block", "block:2x3"]))
def test_what_is_pruned_never_returns(
    scores: dict[str, Tensor], first: float, second: float, allocation: str, structure: str
) -> None:
    low, high = sorted(min(each, max(0.0, most(scores) - 1e-9)) for each in (first, second))
    before = make_masks({name: -score for name, score in scores.items()}, low, structure=structure)
    after = make_masks(scores, high, allocation, structure, within=before)
    assert all(bool((before[name] | ~after[name]).all()) for name in scores)
    kept, total = counts(after)
    assert total - kept <= asked(scores, high)


@untimed
@given(layers(), st.floats(0, 0.99), ALLOCATION)
def test_tiles_go_whole_and_nearly_as_many_as_asked(
    scores: dict[str, Tensor], sparsity: float, allocation: str
) -> None:
    masks = make_masks(scores, sparsity, allocation, "block:2x3")
    for mask in masks.values():
        flat = mask.flatten(2) if mask.ndim > 2 else mask[:, :, None]
        tiles = [tile for rows in flat.split(2, 0) for tile in rows.split(3, 1)]
        assert all(tile[..., place].unique().numel() == 1 for tile in tiles for place in range(tile.shape[2]))
    kept, total = counts(masks)
    missing = asked(scores, sparsity) - (total - kept)
    assert 0 <= missing < 6 * len(scores)


def test_too_much_is_said_with_the_limit() -> None:
    with pytest.raises(UserError, match=r"fraction of 0.75 .*at most"):
        make_masks({"a": torch.rand(4, 4)}, 0.9, structure="filter")


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (3, 5)])
@pytest.mark.parametrize("shape", [(6, 20), (3, 20, 2, 2)])
def test_n_of_m_are_the_best_of_their_group(n: int, m: int, shape: tuple[int, ...]) -> None:
    score = torch.randint(0, 9, shape, generator=torch.Generator().manual_seed(0)).float()
    mask = make_masks({"a": score, "odd": torch.rand(4, 3)}, 1 - n / m, structure=f"{n}:{m}")
    assert bool(mask["odd"].all())
    rows = score.movedim(1, -1).reshape(-1, m).tolist()
    kept = mask["a"].movedim(1, -1).reshape(-1, m).tolist()
    for values, found in zip(rows, kept, strict=True):
        best = sorted(range(m), key=lambda place: (-values[place], place))[:n]
        assert [place in best for place in range(m)] == found


def test_a_pattern_within_masks_keeps_what_is_left() -> None:
    within = {"a": torch.tensor([[True, False, False, False, True, True, True, False]])}
    mask = make_masks({"a": torch.arange(8.0).view(1, 8)}, 0.5, structure="2:4", within=within)
    assert mask["a"].tolist() == [[True, False, False, False, False, True, True, False]]


def test_a_pattern_has_one_sparsity() -> None:
    with pytest.raises(UserError, match=r"always has sparsity 0\.75"):
        make_masks({"a": torch.rand(4, 4)}, 0.5, structure="1:4")
    with pytest.raises(UserError, match=r"1 <= N < M"):
        make_masks({"a": torch.rand(4, 4)}, 0.5, structure="4:2")


def test_the_classifiers_outputs_stay() -> None:
    model = build_model("lenet300", 10, (1, 8, 8), 0)
    masks = make_masks(
        {name: weight.abs() for name, weight in prunable(model).items()}, 0.9, structure="filter", model=model
    )
    assert bool(masks["fc3.weight"].all())
    assert not bool(masks["fc1.weight"].all())


@pytest.mark.parametrize(("name", "blocks"), [("resnet20", 7), ("torchvision/resnet18", 5)])
def test_residual_blocks_go_whole(name: str, blocks: int) -> None:
    model = build_model(name, 10, (3, 32, 32), 0)
    scores = {key: torch.full_like(weight, number) for number, (key, weight) in enumerate(prunable(model).items())}
    sizes: dict[str, int] = {}
    for key, score in scores.items():
        block = ".".join(key.split(".")[:2])
        if block.startswith("layer"):
            sizes[block] = sizes.get(block, 0) + score.numel()
    masks = make_masks(scores, 0.3, structure="layer", model=model)
    states = {block: {bool(m.any()) for key, m in masks.items() if key.startswith(block + ".")} for block in sizes}
    assert all(len(state) == 1 for state in states.values())
    gone = [block for block, state in states.items() if state == {False}]
    # scores rise with depth, so the blocks with an identity shortcut go from the front, those that fit
    shortcut = [f"layer{s}.{b}" for s in (1, 2, 3, 4) for b in range(3) if s == 1 or b > 0]
    left, expected = asked(scores, 0.3), []
    for block in [each for each in shortcut if each in sizes]:
        if sizes[block] <= left:
            expected.append(block)
            left -= sizes[block]
    assert gone == expected
    assert sum(each in sizes for each in shortcut) == blocks


def test_no_residual_block_is_said() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    with pytest.raises(UserError, match="identity shortcut"):
        make_masks(dict(prunable(model)), 0.5, structure="layer", model=model)
