"""What holds for every criterion: the network is left alone, the scores are repeatable, finite, and of one form."""

import copy
from dataclasses import replace

import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from pruning.criteria import CRITERIA, Context
from pruning.criteria.batches import without_single
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.finders.scoring import prune_by_score
from pruning.granularity import get_granularity
from pruning.masks import collapsed_layers, counts, make_masks
from pruning.models import build_model, find_classifier, prunable
from pruning.recipe import Recipe

SHAPES = {"lenet300": (1, 8, 8), "conv2": (1, 8, 8), "resnet20": (3, 8, 8)}
ANYWHERE = [name for name, criterion in CRITERIA.items() if criterion.structure is None]
BLOCKS = ("layer1.0", "layer1.1", "layer1.2", "layer2.1", "layer2.2", "layer3.1", "layer3.2")
EVERY = pytest.mark.parametrize("criterion", ANYWHERE)
WITH_NETWORKS = pytest.mark.parametrize(
    ("criterion", "name"),
    # what scores residual blocks needs some, what scores by batch norms these
    [(criterion, name) for criterion in CRITERIA for name in SHAPES if criterion in ANYWHERE or name == "resnet20"],
)


def context(shape: tuple[int, int, int], sizes: tuple[int, ...] = (6, 4), classes: int = 10, seed: int = 0) -> Context:
    """Random batches of the given sizes."""
    source = torch.Generator().manual_seed(seed)
    batches = [
        (torch.randn(size, *shape, generator=source), torch.randint(0, classes, (size,), generator=source))
        for size in sizes
    ]
    return Context(batches, torch.Generator().manual_seed(seed))


def lived_in(name: str) -> nn.Module:
    """A network with everything that scoring could disturb: statistics, gradients, modes, frozen weights."""
    model = build_model(name, 10, SHAPES[name], 1)
    model(torch.randn(5, *SHAPES[name])).square().sum().backward()
    next(iter(model.children())).eval()
    model.get_parameter(find_classifier(model).weight).requires_grad_(False)
    return model


# --- the form of the scores, and what is left behind -----------------------------------------------------------------


@WITH_NETWORKS
def test_scores_have_the_form_of_the_weights_and_can_be_cut(criterion: str, name: str) -> None:
    model = build_model(name, 10, SHAPES[name], 0)
    scores = CRITERIA[criterion].score(model, context(SHAPES[name]))
    assert {key: score.shape for key, score in scores.items()} == {k: w.shape for k, w in prunable(model).items()}
    assert all(score.is_floating_point() and not score.requires_grad for score in scores.values())
    assert all(bool(torch.isfinite(score).all()) for score in scores.values())
    together = torch.cat([score.reshape(-1) for score in scores.values()])
    assert len(together.unique()) > 1
    assert criterion not in ANYWHERE or all(len(score.unique()) > 1 for score in scores.values())
    kept, total = counts(make_masks(scores, 0.9))
    assert total - kept == round(0.9 * total)


@WITH_NETWORKS
def test_the_network_is_left_as_it_was_to_the_bit(criterion: str, name: str) -> None:
    model = lived_in(name)
    before = copy.deepcopy(model)
    gradients = [None if weight.grad is None else weight.grad.clone() for weight in model.parameters()]
    assert any(gradient is not None for gradient in gradients)
    random_state = torch.get_rng_state()
    CRITERIA[criterion].score(model, context(SHAPES[name]))
    assert torch.equal(torch.get_rng_state(), random_state)
    state = before.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == [module.training for module in before.modules()]
    assert [w.requires_grad for w in model.parameters()] == [w.requires_grad for w in before.parameters()]
    for weight, gradient in zip(model.parameters(), gradients, strict=True):
        assert (weight.grad is None) == (gradient is None)
        assert weight.grad is None or gradient is None or torch.equal(weight.grad, gradient)


class WithDropout(nn.Sequential):
    """A small network whose training mode is random."""

    def __init__(self) -> None:
        super().__init__(nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Dropout(0.5), nn.Linear(12, 3))


@EVERY
def test_scores_are_repeatable_whatever_the_global_state_and_mode(criterion: str) -> None:
    model = WithDropout()
    torch.manual_seed(1)
    first = CRITERIA[criterion].score(model.train(), context((1, 4, 4), classes=3))
    torch.manual_seed(2)
    second = CRITERIA[criterion].score(model.eval(), context((1, 4, 4), classes=3))
    assert all(torch.equal(first[key], second[key]) for key in first)


@EVERY
def test_the_classifier_is_spared_when_asked_and_the_others_score_alike(criterion: str) -> None:
    model = build_model("lenet300", 10, SHAPES["lenet300"], 0)
    whole = CRITERIA[criterion].score(model, context(SHAPES["lenet300"]))
    part = CRITERIA[criterion].score(model, replace(context(SHAPES["lenet300"]), classifier=False))
    assert list(part) == ["fc1.weight", "fc2.weight"]
    assert all(torch.equal(part[key], whole[key]) for key in part)


@EVERY
def test_frozen_networks_can_be_scored(criterion: str) -> None:
    model = build_model("lenet300", 10, SHAPES["lenet300"], 0)
    expected = CRITERIA[criterion].score(model, context(SHAPES["lenet300"]))
    with torch.no_grad():
        frozen = copy.deepcopy(model).requires_grad_(False)
    found = CRITERIA[criterion].score(frozen, context(SHAPES["lenet300"]))
    assert all(torch.equal(found[key], expected[key]) for key in expected)


@EVERY
def test_pruned_weights_score_nothing(criterion: str) -> None:
    model = build_model("conv2", 10, SHAPES["conv2"], 0)
    masks = make_masks(CRITERIA["random"].score(model, context(SHAPES["conv2"])), 0.7)
    with torch.no_grad():
        for key, weight in prunable(model).items():
            weight.mul_(masks[key])
    scores = CRITERIA[criterion].score(model, replace(context(SHAPES["conv2"]), masks=masks))
    assert all(not bool(score[~masks[key]].any()) for key, score in scores.items())
    assert all(bool(score[masks[key]].any()) for key, score in scores.items())


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", [name for name in ANYWHERE if name != "random"])  # which sees no weights
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_names_its_layer(criterion: str, value: float) -> None:
    model = build_model("lenet300", 10, SHAPES["lenet300"], 0)
    with torch.no_grad():
        prunable(model)["fc2.weight"][3, 4] = value
    with pytest.raises(UserError, match=rf"{CRITERIA[criterion].label} scores of layer 'fc\d.weight' are not finite"):
        CRITERIA[criterion].score(model, context(SHAPES["lenet300"]))


def test_the_layer_that_is_named_is_the_broken_one() -> None:
    model = build_model("lenet300", 10, SHAPES["lenet300"], 0)
    with torch.no_grad():
        prunable(model)["fc2.weight"][0, 0] = float("nan")
    with pytest.raises(UserError, match=r"'fc2\.weight'"):
        CRITERIA["magnitude"].score(model, context(SHAPES["lenet300"]))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_criterion_says_who_it_is(criterion: str) -> None:
    found = CRITERIA.get_known(criterion)
    assert found.name == criterion
    assert found.label
    assert found.paper
    assert found.rounds >= 1
    assert found.revision >= 1
    assert found.structure is None or get_granularity(found.structure).units is not None


@pytest.mark.parametrize(
    ("criterion", "score_on", "needs_data", "rounds", "structure"),
    [
        ("random", "init", False, 1, None),
        ("magnitude", "trained", False, 1, None),
        ("snip", "init", True, 1, None),
        ("grasp", "init", True, 1, None),
        ("synflow", "init", False, 100, None),
        ("taylor", "trained", True, 1, None),
        ("cka", "trained", True, 1, "layer"),
        ("wanda", "trained", True, 1, None),
        ("ria", "trained", True, 1, None),
        ("obd", "trained", True, 1, None),
        ("fisher", "trained", True, 1, None),
        ("hessian_trace", "trained", True, 1, None),
        ("iterative_snip", "init", True, 100, None),
        ("force", "init", True, 1, None),
        ("fpgm", "trained", False, 1, "filter"),
        ("taylor_filter", "trained", True, 1, "filter"),
        ("bn_scale", "trained", False, 1, "filter"),
    ],
)
def test_what_the_papers_say_of_each(
    criterion: str, score_on: str, needs_data: bool, rounds: int, structure: str | None
) -> None:
    found = CRITERIA[criterion]
    assert (found.score_on, found.needs_data, found.rounds) == (score_on, needs_data, rounds)
    assert found.structure == structure


def test_an_unknown_criterion_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean 'snip'"):
        CRITERIA.get_known("snp")


# --- random and magnitude --------------------------------------------------------------------------------------------


def test_random_is_uniform_and_its_own_for_each_seed() -> None:
    model = build_model("lenet300", 10, SHAPES["lenet300"], 0)
    score = CRITERIA["random"].score
    first, again = (score(model, context(SHAPES["lenet300"], seed=4)) for _ in range(2))
    other = score(model, context(SHAPES["lenet300"], seed=5))
    values = torch.cat([value.reshape(-1) for value in first.values()])
    assert stats.kstest(values.numpy(), "uniform").pvalue > 1e-3
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert abs(stats.pearsonr(values, torch.cat([value.reshape(-1) for value in other.values()])).statistic) < 0.02


def test_random_layers_are_independent() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.Linear(64, 64))
    first, second = CRITERIA["random"].score(model, context((1, 8, 8))).values()
    assert abs(stats.pearsonr(first.reshape(-1), second.reshape(-1)).statistic) < 0.06


@pytest.mark.parametrize("structure", ["filter", "block:2x2", "layer"])
def test_random_draws_one_number_for_what_goes_as_one(structure: str) -> None:
    """Else the mean over a unit's weights would say how large it is: large units would neither go first nor last."""
    model = build_model("resnet20", 10, SHAPES["resnet20"], 0)
    ids = get_granularity(structure).units
    assert ids is not None
    units = ids({name: weight.shape for name, weight in prunable(model).items()}, model)
    scores = CRITERIA["random"].score(model, replace(context(SHAPES["resnet20"]), structure=structure))
    number = torch.cat([unit.reshape(-1) for unit in units.values()])
    value = torch.cat([scores[name].reshape(-1) for name in units])
    pairs = torch.stack([number.double(), value.double()])[:, number >= 0].unique(dim=1)
    assert pairs.shape[1] == len(number[number >= 0].unique())
    assert len(pairs[1].unique()) > 0.99 * pairs.shape[1]
    assert stats.kstest(pairs[1].numpy(), "uniform").pvalue > 1e-3


def test_random_blocks_go_alike_often_whatever_their_size() -> None:
    model = build_model("resnet20", 10, SHAPES["resnet20"], 0)
    first = []
    for seed in range(60):
        scores = CRITERIA["random"].score(model, replace(context(SHAPES["resnet20"], seed=seed), structure="layer"))
        worst = min((float(scores[f"{name}.conv1.weight"].mean()), name) for name in BLOCKS)
        first.append(worst[1])
    assert stats.chisquare([first.count(name) for name in BLOCKS]).pvalue > 1e-3


def test_magnitude_is_the_absolute_value() -> None:
    model = build_model("resnet20", 10, SHAPES["resnet20"], 0)
    scores = CRITERIA["magnitude"].score(model, context(SHAPES["resnet20"]))
    for key, weight in prunable(model).items():
        assert torch.equal(scores[key], torch.maximum(weight, -weight))


# --- batches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sizes", "expected"), [((3, 1), [4]), ((5, 3, 1), [5, 4]), ((1,), [1]), ((3, 2), [3, 2])])
def test_a_last_image_alone_joins_the_batch_before(sizes: tuple[int, ...], expected: list[int]) -> None:
    batches = context((1, 2, 2), sizes).batches
    joined = [*without_single(batches)]
    assert [len(labels) for _, labels in joined] == expected
    assert torch.equal(torch.cat([images for images, _ in joined]), torch.cat([images for images, _ in batches]))
    assert torch.equal(torch.cat([labels for _, labels in joined]), torch.cat([labels for _, labels in batches]))


@pytest.mark.parametrize("criterion", ["snip", "grasp"])
def test_batch_statistics_do_not_fail_on_a_last_image_alone(criterion: str) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    scores = CRITERIA[criterion].score(model, context((1, 4, 4), (4, 1), classes=3))
    assert all(bool(score.any()) for score in scores.values())


@pytest.mark.parametrize("criterion", ["snip", "grasp", "taylor"])
def test_without_batch_norm_the_batches_do_not_matter(criterion: str) -> None:
    model = build_model("conv2", 10, SHAPES["conv2"], 0).double()

    def scored(*sizes: int) -> dict[str, Tensor]:
        whole = context(SHAPES["conv2"], (9,)).batches[0]
        parts = zip(whole[0].double().split(sizes), whole[1].split(sizes), strict=True)
        return CRITERIA[criterion].score(model, Context(list(parts), torch.Generator()))

    together, apart = scored(9), scored(4, 3, 2)
    for key in together:
        torch.testing.assert_close(apart[key], together[key], rtol=1e-9, atol=1e-15)


# --- in the finder ---------------------------------------------------------------------------------------------------


@EVERY
def test_the_finder_prunes_by_every_criterion(criterion: str) -> None:
    from pruning.data import load_data

    recipe = Recipe(model="lenet300", data="digits", criterion=criterion, sparsity=0.93, score_per_class=3)
    trainer = Trainer(load_data("digits"))
    model = trainer.build(recipe)
    masks = prune_by_score(recipe, model, trainer)
    kept, total = counts(masks)
    assert total - kept == round(0.93 * total)
    assert not collapsed_layers(masks)
    assert all(not bool(weight[~masks[key]].any()) for key, weight in prunable(model).items())
    again = prune_by_score(recipe, trainer.build(recipe), trainer)
    assert all(torch.equal(masks[key], again[key]) for key in masks)
