"""Networks of two tokens: the published formulas, tables against layers, sizes, first weights, any input."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.finders.base import apply_masks
from pruning.masks import full_masks
from pruning.models import build_model, find_classifier, prunable, skeleton
from pruning.models.modular_nets import ModularMLP, ModularTransformer, TokenNet, tokens_of
from pruning.shrink import shrink

NETS = ("modular_mlp", "modular_mlp_500", "modular_transformer")
P = 7


def one_hot() -> tuple[Tensor, Tensor]:
    """All pairs of seven tokens as a network's input, and the tokens."""
    tokens = torch.cartesian_prod(torch.arange(P), torch.arange(P))
    return F.one_hot(tokens, P).float()[:, None], tokens


def built(name: str) -> TokenNet:
    """The network for seven tokens."""
    model = build_model(name, P, (1, 2, P), 0)
    assert isinstance(model, TokenNet)
    return model


def by_the_paper(model: TokenNet, first: Tensor, second: Tensor) -> Tensor:
    """The logits of pairs of tokens, by the published formulas and in double precision."""
    weights = {name.removesuffix(".weight"): value.double() for name, value in model.state_dict().items()}
    e, i, o, u = (weights[name] for name in ("embed", "inner", "outer", "unembed"))
    if isinstance(model, ModularMLP):
        return torch.stack([u @ (o @ (i @ e[:, a] + i @ e[:, b]).relu()) for a, b in zip(first, second, strict=True)])
    rows = []
    for a, b in zip(first, second, strict=True):
        query, keys = weights["query"] @ e[:, b], [weights["key"] @ e[:, token] for token in (a, b)]
        scores = torch.stack([query @ key for key in keys]) / math.sqrt(128)
        alpha = torch.softmax(scores, 0)
        stream = e[:, b] + weights["out"] @ (weights["value"] @ (alpha[0] * e[:, a] + alpha[1] * e[:, b]))
        rows.append(u @ (stream + o @ (i @ stream).relu()))
    return torch.stack(rows)


@pytest.mark.parametrize("name", NETS)
def test_tables_and_layers_are_the_published_formula(name: str) -> None:
    model, (images, tokens) = built(name), one_hot()
    expected = by_the_paper(model, *tokens.T).float()
    torch.testing.assert_close(model(images), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(model.layered(images[:, 0]), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NETS)
def test_tables_and_layers_have_the_same_gradients(name: str) -> None:
    model, (images, tokens) = built(name).double(), one_hot()
    aim = tokens.sum(1) % P
    parameters = list(model.parameters())
    tables = torch.autograd.grad(F.cross_entropy(model.paired(*tokens.T), aim), parameters)
    layers = torch.autograd.grad(F.cross_entropy(model.layered(images[:, 0].double()), aim), parameters)
    for one, other in zip(tables, layers, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", NETS)
def test_only_one_hot_rows_are_looked_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, (images, _) = built(name), one_hot()
    called = []

    def paired(first: Tensor, second: Tensor) -> Tensor:
        called.append((first, second))
        return first

    monkeypatch.setattr(model, "paired", paired)
    model(images)
    assert len(called) == 1
    for other in (torch.zeros(2, 1, 2, P), torch.ones(2, 1, 2, P), torch.randn(2, 1, 2, P), 2 * images):
        assert model(other).shape == (len(other), P)
    assert len(called) == 1
    model(images.clone().requires_grad_())  # attacks want a gradient by the image
    assert len(called) == 1


def test_what_is_one_hot() -> None:
    images, tokens = one_hot()
    torch.testing.assert_close(tokens_of(images), tokens)
    for change in (
        (0, 0, 0, 3, 1.0),
        (5, 0, 1, 5, 0.5),
        (5, 0, 1, 5, math.nan),
        (48, 0, 0, 6, 0.0),
        (1, 0, 1, 0, -1.0),
    ):
        *place, value = change
        other = images.clone()
        other[tuple(place)] = value
        assert tokens_of(other) is None, change


def test_sizes() -> None:
    """Of 67 tokens, as in the paper: two matrices of tokens, the others of the widths."""
    sizes = {name: sum(w.numel() for w in prunable(build_model(name, 67, (1, 2, 67), 0)).values()) for name in NETS}
    assert sizes == {"modular_mlp": 49_920, "modular_mlp_500": 115_000, "modular_transformer": 115_456}


@pytest.mark.parametrize("name", NETS)
def test_everything_can_be_pruned_and_begins_at_one_over_the_root_of_its_inputs(name: str) -> None:
    model = build_model(name, 67, (1, 2, 67), 3)
    assert prunable(model).keys() == dict(model.named_parameters()).keys()
    for weight in prunable(model).values():
        spread = float(weight.detach().std()) * math.sqrt(weight.shape[1])
        assert spread == pytest.approx(1, abs=4 / math.sqrt(2 * weight.numel()))
    assert not torch.equal(next(model.parameters()), next(build_model(name, 67, (1, 2, 67), 4).parameters()))
    assert find_classifier(model).name == "unembed"


def test_weights_over_the_token_are_those_that_the_neurons_see() -> None:
    images, tokens = one_hot()
    mlp, transformer = built("modular_mlp"), built("modular_transformer")
    assert isinstance(mlp, ModularMLP)
    assert isinstance(transformer, ModularTransformer)
    seen = mlp.inner(mlp.embed(images[:, 0].sum(1)))
    expected = mlp.token_weights().T[tokens].sum(1)
    torch.testing.assert_close(seen, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(transformer.token_weights().T, transformer.inner(transformer.embed.weight.T))


@pytest.mark.parametrize("name", NETS)
def test_a_skeleton_has_their_names_and_shapes(name: str) -> None:
    hollow = skeleton(name, P, (1, 2, P)).state_dict()
    assert {k: v.shape for k, v in hollow.items()} == {k: v.shape for k, v in built(name).state_dict().items()}
    assert {value.device.type for value in hollow.values()} == {"meta"}


@pytest.mark.parametrize("name", NETS[:2])
def test_without_its_dead_neurons_it_is_smaller_and_the_same(name: str) -> None:
    model, (images, _) = built(name).eval(), one_hot()
    masks = full_masks(prunable(model))
    masks["inner.weight"][5:] = False
    smaller = shrink(model, masks, (1, 2, P))
    assert smaller is not None
    assert smaller.get_parameter("inner.weight").shape[0] == smaller.get_parameter("outer.weight").shape[1] == 5
    apply_masks(model, masks)
    torch.testing.assert_close(smaller(images), model(images), atol=1e-5, rtol=1e-4)


def test_other_images_end_in_a_sentence() -> None:
    with pytest.raises(UserError, match="take two tokens as rows, images of 1x2xP, and these are 1x8x8"):
        build_model("modular_mlp", 10, (1, 8, 8), 0)


def test_they_take_a_batch_of_the_data_set() -> None:
    data = load_data("modular:add:7:0.5")
    images = normalise(data.test.images, data.mean, data.std)
    assert tokens_of(images) is not None
    assert built("modular_transformer")(images).shape == (14, 7)
