"""CKA against its definition by Gram matrices, and against networks written without the block."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning.criteria import CRITERIA, Context
from pruning.criteria.cka import linear_cka
from pruning.data import load_data
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.finders.scoring import prune_by_score
from pruning.granularity.layer import blocks_gone
from pruning.masks import full_masks
from pruning.models import build_model, prunable
from pruning.recipe import Recipe
from pruning.validation import validate

BLOCKS = 3


class Small(nn.Module):
    """A residual network that can be told to leave blocks out."""

    def __init__(self, without: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.without = without
        self.stem = nn.Conv2d(2, 4, 1)
        self.inner = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(BLOCKS))
        self.norms = nn.ModuleList(nn.BatchNorm2d(4) for _ in range(BLOCKS))
        self.classifier = nn.Linear(4, 3)

    def features(self, x: Tensor) -> Tensor:
        """What the classifier reads."""
        x = self.stem(x)
        for number, (inner, norm) in enumerate(zip(self.inner, self.norms, strict=True)):
            if number not in self.without:
                x = F.relu(x + norm(inner(x)))
            else:
                x = F.relu(x)
        return x.mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.classifier(self.features(x))


def small() -> Small:
    """One in double precision whose norms are not the identity."""
    torch.manual_seed(0)
    model = Small().double()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.startswith("norms") and not name.endswith(("tracked", "var")):
                value.normal_()
    return model


def silence(*modules: nn.Module) -> None:
    """Set all their parameters to zero."""
    with torch.no_grad():
        for module in modules:
            for parameter in module.parameters():
                parameter.zero_()


def context(*sizes: int) -> Context:
    """The same random images, in batches of the given sizes."""
    source = torch.Generator().manual_seed(5)
    images = torch.randn(sum(sizes), 2, 5, 5, generator=source, dtype=torch.float64)
    batches = [(part, torch.zeros(len(part), dtype=torch.long)) for part in images.split(sizes)]
    return Context(batches, torch.Generator())


def by_gram_matrices(x: np.ndarray, y: np.ndarray) -> float:
    """HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) with HSIC(K, L) = tr(K H L H), which is how CKA is defined."""
    centre = np.eye(len(x)) - 1 / len(x)
    first, second = x @ x.T, y @ y.T

    def hsic(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.trace(one @ centre @ other @ centre))

    return hsic(first, second) / np.sqrt(hsic(first, first) * hsic(second, second))


def expected(model: Small, data: Context, number: int, already: tuple[int, ...] = ()) -> float:
    """1 - CKA of the network and of the same with another block left out, each with its own batch statistics."""
    joined = data.batches
    found = []
    for without in (already, (*already, number)):
        twin = Small(without).double()
        twin.load_state_dict(model.state_dict())
        with torch.no_grad():
            found.append(torch.cat([twin.train().features(images) for images, _ in joined]).numpy())
    return 1 - by_gram_matrices(*found)


# --- the similarity --------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.integers(3, 12), st.integers(1, 6), st.integers(1, 6), st.integers(0, 999))
def test_the_feature_form_is_the_definition(images: int, first: int, second: int, seed: int) -> None:
    source = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(images, d, generator=source, dtype=torch.float64) + 3 for d in (first, second))
    assert linear_cka(x, y) == pytest.approx(by_gram_matrices(x.numpy(), y.numpy()), abs=1e-9)
    assert linear_cka(x, y) == pytest.approx(linear_cka(y, x), abs=1e-12)
    assert 0 <= linear_cka(x, y) <= 1


def test_turned_moved_and_scaled_features_are_the_same() -> None:
    x = torch.randn(20, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    turn = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))[0]
    assert linear_cka(x, 7 * x @ turn + 2) == pytest.approx(1, abs=1e-12)
    assert linear_cka(x, x * torch.tensor([1.0, 1, 1, 1, 9], dtype=torch.float64)) < 0.9


def test_features_that_tell_nothing_apart_are_like_no_others() -> None:
    x = torch.randn(20, 5, dtype=torch.float64)
    assert linear_cka(x, torch.ones(20, 4, dtype=torch.float64)) == 0


# --- the scores ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(9,), (6, 3)])
def test_a_block_scores_what_its_absence_changes(sizes: tuple[int, ...]) -> None:
    model, data = small(), context(*sizes)
    before = copy.deepcopy(model.state_dict())
    scores = CRITERIA["cka"].score(model, data)
    for number in range(BLOCKS):
        found = scores[f"inner.{number}.weight"].unique()
        assert found.tolist() == pytest.approx([expected(model, data, number)], abs=1e-9)
        assert 0.01 < float(found) < 1
    for name in ("stem.weight", "classifier.weight"):
        assert bool((scores[name] == 1).all())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_last_image_alone_joins_the_batch_before() -> None:
    together, apart = (CRITERIA["cka"].score(small(), context(*sizes)) for sizes in ((6, 3), (6, 2, 1)))
    assert torch.equal(together["inner.1.weight"], apart["inner.1.weight"])


def test_a_block_without_effect_scores_nothing() -> None:
    model = small()
    silence(model.norms[1])
    scores = CRITERIA["cka"].score(model, context(9))
    assert float(scores["inner.1.weight"].max()) == pytest.approx(0, abs=1e-12)


def test_a_norm_whose_bias_goes_with_the_block_counts() -> None:
    """Zero weights are not enough for a block to be gone: its norm would still add a constant for each channel."""
    model = small()
    silence(model.inner[0])
    assert float(CRITERIA["cka"].score(model, context(9))["inner.0.weight"].max()) > 1e-3


def test_what_is_gone_already_is_no_part_of_either_network() -> None:
    model, data = small(), context(9)
    masks = full_masks(prunable(model))
    masks["inner.1.weight"][:] = False
    silence(model.inner[1], model.norms[1])
    scores = CRITERIA["cka"].score(model, replace(data, masks=masks))
    assert not bool(scores["inner.1.weight"].any())
    assert float(scores["inner.2.weight"].mean()) == pytest.approx(expected(model, data, 2, already=(1,)), abs=1e-9)


# --- in recipes and finders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [{}, {"structure": "filter"}, {"structure": "2:4"}, {"finder": "gmp"}])
def test_it_is_for_blocks_alone(extra: dict[str, str]) -> None:
    with pytest.raises(UserError, match='give structure = "layer"'):
        validate(Recipe, {"model": "resnet20", "data": "digits", "criterion": "cka", **extra}, "here")


def test_a_network_without_blocks_is_said() -> None:
    recipe = Recipe(model="lenet300", data="digits", criterion="cka", structure="layer", sparsity=0.5)
    trainer = Trainer(load_data("digits"))
    with pytest.raises(UserError, match="identity shortcut"):
        prune_by_score(recipe, trainer.build(recipe), trainer)


@pytest.mark.parametrize("finder", ["one_shot", "imp"])
def test_the_finder_takes_the_blocks_that_matter_least(finder: str) -> None:
    recipe = Recipe(
        model="resnet20",
        data="digits",
        finder=finder,
        criterion="cka",
        structure="layer",
        sparsity=0.35,
        score_per_class=2,
    )
    trainer = Trainer(load_data("digits"))
    assert recipe.option("score_on") == ("trained" if finder == "one_shot" else None)
    masks = prune_by_score(recipe, trainer.build(recipe), trainer)
    # 27 % of the weights each in layer3, 7 % in layer2; at initialisation a block changes the less the later it comes
    assert blocks_gone(trainer.build(recipe), masks) == (["layer2.2", "layer3.2"], 7)


def test_the_form_of_a_network_without_loss() -> None:
    """Mode, gradients and statistics of the network are left alone, frozen or not."""
    model = build_model("resnet20", 10, (1, 8, 8), 0).requires_grad_(False).train()
    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    scores = CRITERIA["cka"].score(model, Context([(images, torch.zeros(6, dtype=torch.long))], torch.Generator()))
    assert model.training
    assert all(value.grad is None for value in model.parameters())
    assert {name: score.shape for name, score in scores.items()} == {n: w.shape for n, w in prunable(model).items()}
