"""Networks of any kind: whose weights are computed, that are frozen, that assert; each is left as it was."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.utils.prune as torch_prune
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, spectral_norm, weight_norm

from analysis import overlap, robustness
from pruning import UserError, apply_masks, features, prune, reconstruct, score, train
from pruning.criteria import CRITERIA
from pruning.library import masks_of
from pruning.models.folding import fold

Pair = tuple[Tensor, Tensor]
PARAMETRISED: dict[str, Callable[[nn.Module], nn.Module]] = {
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
}
HOOKS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "hook of weight norm": weight_norm,
    "hook of spectral": spectral_norm,
}
BYTES = torch.arange(8 * 3 * 8 * 8).remainder(251).to(torch.uint8).view(8, 3, 8, 8)
LABELS = torch.arange(8) % 4


def data() -> Pair:
    return torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(1)), LABELS


def network(wrap: Callable[[nn.Module], nn.Module] = lambda layer: layer) -> Any:
    torch.manual_seed(0)
    return nn.Sequential(wrap(nn.Conv2d(3, 8, 3)), nn.ReLU(), nn.Flatten(), wrap(nn.Linear(288, 4))).eval()


CALLS: dict[str, Callable[[nn.Module], object]] = {
    "prune": lambda model: prune(model, "snip", 0.5, data()),
    "score": lambda model: score(model, "magnitude"),
    "features": lambda model: features(model, data()),
    "evaluate": lambda model: robustness.evaluate({"mine": model}, BYTES, LABELS, ["contrast"], [1]),
    "masks_of": masks_of,
    "fold": lambda model: fold(copy.deepcopy(model)),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", PARAMETRISED | HOOKS)
def test_a_network_and_its_copies_compute_the_same_afterwards(how: str, call: str) -> None:
    model, images = network((PARAMETRISED | HOOKS)[how]), data()[0]
    with torch.no_grad():
        expected = model(images)
    earlier, keys = copy.deepcopy(model), list(model.state_dict())
    CALLS[call](model)
    for each in (model, earlier, copy.deepcopy(earlier)):
        with torch.no_grad():
            torch.testing.assert_close(each(images), expected, rtol=0, atol=0)
        assert list(each.state_dict()) == keys


@pytest.mark.parametrize("how", PARAMETRISED)
def test_masks_stay_on_weights_that_are_computed(how: str) -> None:
    model = network(PARAMETRISED[how])
    pruned = prune(model, "magnitude", 0.5)
    with torch.no_grad():
        dense = {"0.weight": model[0].weight.clone(), "3.weight": model[3].weight.clone()}
    assert pruned.apply(model) is model
    for name, mask in pruned.masks.items():
        torch.testing.assert_close(model[int(name[0])].weight.detach(), dense[name] * mask, rtol=0, atol=0)
    train(model, data(), epochs=1, lr=0.01)
    assert all(bool((model[place].weight[~pruned.masks[f"{place}.weight"]] == 0).all()) for place in (0, 3))
    assert all(torch.equal(mask, pruned.masks[name]) for name, mask in masks_of(model).items())
    further = prune(model, "magnitude", 0.8)
    assert not any(bool((mask & ~pruned.masks[name]).any()) for name, mask in further.masks.items())
    further.apply(model)
    assert masks_of(model).keys() == further.masks.keys()
    assert all(torch.equal(mask, further.masks[name]) for name, mask in masks_of(model).items())
    assert len(model[0].parametrizations.weight) == 2  # one mask, however often


def test_where_a_hook_computes_the_weight_a_sentence_says_what_to_do() -> None:
    model = network(weight_norm)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    pruned = prune(model, "magnitude", 0.5)
    with pytest.raises(UserError, match=r"No mask can stay on '0.weight'.*parametrizations"):
        pruned.apply(model)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    with pytest.raises(UserError, match=r"computes 0\.weight, 3\.weight from other values"):
        reconstruct(model, pruned, data())


@pytest.mark.parametrize("how", PARAMETRISED)
def test_a_frozen_weight_that_is_computed_is_pruned_too(how: str) -> None:
    model = network(PARAMETRISED[how]).requires_grad_(False)
    assert list(prune(model, "magnitude", 0.5).masks) == ["0.weight", "3.weight"]


class Half(nn.Module):
    """A mask as torch.ao.pruning has it."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.get_buffer("mask")


def test_the_overlap_counts_layers_whose_weight_is_computed() -> None:
    models, kept = [], []
    for seed in (0, 1):
        models.append(network())
        kept.append(torch.rand(4, 288, generator=torch.Generator().manual_seed(seed)) < 0.2)
        parametrize.register_parametrization(models[-1][3], "weight", Half(kept[-1]))
    both, either = int((kept[0] & kept[1]).sum()), int((kept[0] | kept[1]).sum())
    found = overlap.pairwise(dict(zip("ab", models, strict=True)))
    assert np.asarray(found)[0, 1] == pytest.approx((both + 216) / (either + 216))


def test_what_torch_removed_stays_removed_and_counts() -> None:
    model = network()
    layers = [(model[0], "weight"), (model[3], "weight")]
    torch_prune.global_unstructured(layers, pruning_method=torch_prune.L1Unstructured, amount=0.6)
    torch_prune.random_unstructured(model[0], "weight", amount=1.0)  # a layer that is wholly gone
    gone = {name: ~mask for name, mask in masks_of(model).items()}
    for criterion in ("magnitude", "snip"):
        pruned = prune(model, criterion, 0.95, data(), ties=False)
        assert not any(bool((pruned.masks[name] & gone[name]).any()) for name in gone)
        assert pruned.sparsity == pytest.approx(0.95, abs=1e-3)
    with pytest.raises(UserError, match=r"only .* are left in the masks .* ask for a higher sparsity"):
        prune(model, "magnitude", 0.5)


class Counted(nn.Module):
    """Its first parameter is of whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.step = nn.Parameter(torch.tensor(0), requires_grad=False)
        self.stem, self.norm, self.head = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 4)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.stem(images)).relu().mean((2, 3)))
        return logits


@pytest.mark.parametrize(
    "call",
    [
        *CALLS.values(),
        lambda model: prune(model, "magnitude", 0.3, granularity="channel"),
        lambda model: train(model, data(), epochs=1),
        lambda model: reconstruct(model, prune(model, "magnitude", 0.5), data()),
    ],
)
def test_a_parameter_of_whole_numbers_may_come_first(call: Callable[[nn.Module], object]) -> None:
    call(Counted())


class Sequence(nn.Module):
    """Attention and a recurrent layer over the rows of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.recurrent = (
            nn.MultiheadAttention(24, 2, batch_first=True),
            nn.GRU(24, 16, batch_first=True),
        )
        self.head = nn.Linear(16, 4)

    def forward(self, images: Tensor) -> Tensor:
        rows = images.transpose(1, 2).flatten(2)
        rows = rows + self.attention(rows, rows, rows, need_weights=False)[0]
        logits: Tensor = self.head(self.recurrent(rows)[0][:, -1])
        return logits


def test_a_frozen_network_is_solved_as_one_that_is_not() -> None:
    torch.manual_seed(0)
    trainable = Sequence().train()
    frozen = copy.deepcopy(trainable).requires_grad_(False)
    masks = prune(trainable, "magnitude", 0.5).masks
    found = reconstruct(trainable, masks, data())
    same = reconstruct(frozen, masks, data())
    assert same.keys() == found.keys() >= {"attention.in_proj_weight", "recurrent.weight_ih_l0"}
    for name, value in trainable.state_dict().items():
        torch.testing.assert_close(frozen.state_dict()[name], value, rtol=1e-3, atol=1e-4)
    assert frozen.training
    assert frozen.attention.training


def test_what_cannot_be_solved_leaves_the_network_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network().train()
    before = copy.deepcopy(model.state_dict())
    steps = iter([None, KeyboardInterrupt()])

    def tell(done: float, text: str) -> None:
        if error := next(steps):
            raise error

    with pytest.raises(KeyboardInterrupt):
        reconstruct(model, prune(model, "magnitude", 0.5), data(), progress=tell)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(module.training for module in model.modules())


class Picky(nn.Module):
    """Raises what it is told to of inputs that are not as it wants them."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.stem, self.head, self.error = nn.Conv2d(3, 4, 3), nn.Linear(4, 4), error

    def forward(self, images: Tensor) -> Tensor:
        if images.shape[-1] != 11:
            raise self.error
        logits: Tensor = self.head(self.stem(images).mean((2, 3)))
        return logits


ERRORS = [AssertionError("wants eleven"), AssertionError(), IndexError("wants eleven"), KeyError("eleven")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_a_network_that_raises_of_guessed_inputs_needs_none_for_magnitude(error: Exception) -> None:
    assert prune(Picky(error), "magnitude", 0.5).sparsity == 0.5


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda model: prune(model, "snip", 0.5, data()),
        lambda model: prune(model, "magnitude", 0.5, shape=(3, 8, 8)),
        lambda model: prune(model, "synflow", 0.5),
        lambda model: features(model, data()),
        lambda model: features(model, [(torch.randn(2, 3, 11, 11), LABELS[:2]), data()]),
        lambda model: train(model, data(), epochs=1),
        lambda model: robustness.evaluate({"mine": model}, BYTES, LABELS, ["contrast"], [1]),
    ],
)
def test_of_given_inputs_it_is_a_sentence(call: Callable[[nn.Module], object], error: Exception) -> None:
    with pytest.raises(UserError, match="eleven" if str(error) else "AssertionError"):
        call(Picky(error))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", CRITERIA)
def test_every_criterion_scores_networks_of_half_precision(name: str, kind: torch.dtype) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4)).to(kind)
    criterion = CRITERIA[name]
    given: dict[str, Any] = {"granularity": criterion.structure} if criterion.structure else {}
    if criterion.structure != "layer":  # of which this network has none
        assert 0 < prune(model, name, 0.1, data(), ties=True, **given).sparsity <= 0.11


def test_a_network_that_cannot_be_copied_into_one_of_torch_is_a_sentence() -> None:
    lazy = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(4))
    scripted = torch.jit.trace(network(), data()[0])
    for model, sentence in ((lazy, "'0.weight' has no shape before"), (scripted, "is TorchScript")):
        for call in ("prune", "features", "evaluate"):
            with pytest.raises(UserError, match=sentence):
                CALLS[call](model)


@pytest.mark.parametrize(
    "call",
    [
        lambda model: features(model, data()),
        lambda model: features(lambda images: model(images), data()),
        lambda model: robustness.evaluate({"mine": model}, BYTES, LABELS, ["contrast"], [1]),
        lambda model: list(robustness.iterate({"mine": lambda images: model(images)}, BYTES, LABELS, [("clean", 0)])),
    ],
)
def test_logits_that_are_not_finite_are_no_class(call: Callable[[nn.Module], object]) -> None:
    model = network()
    with torch.no_grad():
        model[3].weight[0, 0] = torch.nan
    with pytest.raises(UserError, match="The logits of 8 of 8 images are not finite"):
        call(model)


def test_a_class_that_is_masked_by_minus_infinity_is_none_that_is_told() -> None:
    model = network()
    with torch.no_grad():
        model[3].bias[2] = -torch.inf
    assert 2 not in features(model, data()).predictions


def test_apply_masks_takes_those_of_parameters_and_of_computed_weights_together() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), parametrizations.weight_norm(nn.Linear(8, 4)))
    masks = {name: torch.arange(mask.numel()).view(mask.shape) % 2 == 0 for name, mask in masks_of(model).items()}
    assert list(masks) == ["1.weight", "2.weight"]
    apply_masks(model, masks)
    assert all(torch.equal(mask, masks[name]) for name, mask in masks_of(model).items())
