"""Scores, masks and densities against figures that public implementations give for small layers.

Layers and inputs are waves of an index, so that anyone can make them again. The figures were read off the authors' own
code, run on them; each test names it. Where ours differ by definition, the test says how.
"""

from math import prod, sqrt

import pytest
import torch
from torch import Tensor, nn

from pruning.criteria import CRITERIA, Context
from pruning.criteria.rounds import Cut, cut_by_score
from pruning.masks import make_masks
from pruning.reconstruction.solving import choose_and_update, choose_pattern, damped


def wave(*shape: int, pace: float = 0.7, phase: float = 0.3) -> Tensor:
    """sin(pace k^2 + phase k + 1) of the index k, row by row."""
    place = torch.arange(prod(shape), dtype=torch.float64)
    return torch.sin(pace * place * place + phase * place + 1).reshape(shape).float()


def same(found: Tensor, figures: list[float], rtol: float = 2e-4, atol: float = 1e-6) -> None:
    """Raise unless figures of six digits are those that were found."""
    torch.testing.assert_close(found.float(), torch.tensor(figures).view(found.shape), rtol=rtol, atol=atol)


def layer(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    """A linear layer with these weights."""
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight.data.copy_(weight)
    if bias is not None:
        made.bias.data.copy_(bias)
    return made


def seen(inputs: list[Tensor], criterion: str, labels: int = 1, **options: object) -> Context:
    """What a criterion looks at, the labels 0, 1, ... in turn."""
    given = CRITERIA[criterion].options(**options)
    batches = [(each, torch.arange(len(each)) % labels) for each in inputs]
    return Context(batches, torch.Generator().manual_seed(0), options=given)


def bits(figures: str) -> Tensor:
    """True where a public mask has a 1; row after row."""
    return torch.tensor([[letter == "1" for letter in row] for row in figures.split()])


WEIGHT = wave(4, 6)
INPUTS = wave(12, 6, pace=0.31, phase=0.9) * torch.arange(1, 7)
WIDE = wave(4, 8, pace=0.53)
WIDE_INPUTS = wave(12, 8, pace=0.31, phase=0.9) * torch.arange(1, 9)


def test_wanda() -> None:
    """locuslab/wanda, lib/layerwrapper.py and prune_wanda of lib/prune.py, the inputs given in three calls.

    Its norm is that of the mean over calls, ours of the sum: the factor is the same for a whole network.
    """
    metric = [
        1.34227, 2.38912, 4.38859, 4.12064, 4.21635, 7.40448, 0.432135, 0.774232, 4.05892, 2.85434, 5.61029, 6.97563,
        1.57562, 1.64779, 3.94971, 1.5546, 1.97397, 7.05491, 1.05438, 2.56491, 4.14112, 4.22164, 4.18242, 7.58515,
    ]  # fmt: skip
    model, parts = nn.Sequential(layer(WEIGHT)), list(INPUTS.split([5, 4, 3]))
    scores = CRITERIA["wanda"].score(model, seen(parts, "wanda"))["0.weight"]
    same(scores / sqrt(3), metric)
    kept = cut_by_score(model, CRITERIA["wanda"], seen(parts, "wanda"), Cut(0.5, "layer"))
    assert torch.equal(~kept["0.weight"], bits("110100 110100 110100 111000"))


def test_wanda_of_2_in_4() -> None:
    """The same code with prune_n = 2 and prune_m = 4."""
    model = nn.Sequential(layer(WIDE))
    scores = CRITERIA["wanda"].score(model, seen([WIDE_INPUTS], "wanda"))
    kept = make_masks(scores, 0.5, structure="2:4", model=model)["0.weight"]
    assert torch.equal(~kept, bits("10010110 11001100 10011010 11000110"))


def test_ria() -> None:
    """The line of biuyq/RIA that scores, as Pruner-Zero, ALPS and others have copied it, with a = 0.5.

    Its threshold `<=` removes one weight more than half of 24; ours is exact.
    """
    metric = [
        0.585563, 0.803311, 0.9557, 1.04807, 0.963124, 1.21753, 0.210702, 0.291294, 1.00645, 0.814415, 1.43396, 1.30583,
        0.760405, 0.61357, 0.967815, 0.438899, 0.499338, 1.3051, 0.463872, 0.869807, 0.910814, 1.08318, 0.963559,
        1.25968,
    ]  # fmt: skip
    model, parts = nn.Sequential(layer(WEIGHT)), list(INPUTS.split([5, 4, 3]))
    scores = CRITERIA["ria"].score(model, seen(parts, "ria"))["0.weight"]
    same(scores / 3**0.25, metric)
    kept = cut_by_score(model, CRITERIA["ria"], seen(parts, "ria"), Cut(13 / 24, "layer"))["0.weight"]
    assert torch.equal(~kept, bits("111000 110100 110110 111000"))


@pytest.mark.parametrize(
    ("block", "weights", "pruned"),
    [
        (
            128,
            [
                0, 1.17968, -0.719627, 0.354118, -0.936083, 0, 0, -0.803985, 0, 0, 0, -0.444083, -0.71964, 0, 0.692762,
                -0.884441, 0, 0, 0.84468, 0, -0.77588, 0.854781, 0.29228, -0.682102, 0, 0, 0, 0, -0.790851, 0, 0,
                -1.0102,
            ],
            "10000110 11100100 11010000 11110110",
        ),
        (
            4,
            [
                0, 1.17968, -0.719627, 0.354118, -0.936083, 0, 0, -0.803985, 0, 0, 0, -0.444083, 0, 0, 0.778338,
                -0.848971, 0, 0.786749, 0.83609, 0, -0.811544, 0.815895, 0, -0.737201, 0, 0, 0.599594, -0.296505, 0, 0,
                0, -0.884152,
            ],
            "10000110 11101100 10010010 11001110",
        ),
    ],
)  # fmt: skip
def test_sparsegpt(block: int, weights: list[float], pruned: str) -> None:
    """IST-DASLab/sparsegpt, sparsegpt.py, percdamp 0.01, sparsity 15/32, of which its threshold `<=` makes 16/32."""
    gram = damped(WIDE_INPUTS.T.double() @ WIDE_INPUTS.double(), 0.01)
    found, mask = choose_and_update(WIDE.double(), gram, 16, block)
    assert torch.equal(~mask, bits(pruned))
    same(found, weights, 2e-3, 1e-5)


def test_sparsegpt_of_2_in_4() -> None:
    """The same with prunen = 2 and prunem = 4."""
    weights = [
        0, 1.17968, -0.719627, 0, -0.872019, 0, 0, -0.816568, 0, 0, 0.516378, -0.557398, 0, 0, 0.795322, -0.742536, 0,
        0.786749, 0.83609, 0, 0, 0.918723, 0, -0.728202, 0, 0, 0.599594, -0.296505, -0.727615, 0, 0, -0.897098,
    ]  # fmt: skip
    gram = damped(WIDE_INPUTS.T.double() @ WIDE_INPUTS.double(), 0.01)
    found, mask = choose_pattern(WIDE.double(), gram, (2, 4))
    assert torch.equal(~mask, bits("10010110 11001100 10011010 11000110"))
    same(found, weights, 2e-3, 1e-5)


@pytest.mark.parametrize(
    ("criterion", "kept"),
    [
        (
            "iterative_snip",
            ("000000 000000 000000 000000 000000 000000 111000 010010", "00000010 00000000 00000011 00000011"),
        ),
        ("force", ("000000 000000 000000 000000 000000 000000 111000 010001", "00000010 00000000 00000011 00000011")),
    ],
)
def test_iterative_snip_and_force(criterion: str, kept: tuple[str, str]) -> None:
    """naver/force, iterative_pruning of pruning/pruning_algos.py, to an eighth in three steps, one batch.

    On the way it rounds down what stays, ours to the nearest; here both keep 40, 20 and 10 of 80.
    """
    first = layer(wave(8, 6, pace=0.53), 0.1 * wave(8, pace=0.2))
    second = layer(wave(4, 8, pace=0.41), 0.1 * wave(4, pace=0.2))
    model, inputs = nn.Sequential(first, nn.ReLU(), second), [wave(10, 6, pace=0.31, phase=0.9)]
    found = cut_by_score(model, CRITERIA[criterion], seen(inputs, criterion, labels=4, score_rounds=3), Cut(7 / 8))
    for name, figures in zip(("0.weight", "2.weight"), kept, strict=True):
        assert torch.equal(found[name], bits(figures))


def test_snip() -> None:
    """The same code in one step: its saliencies of the first layer's first and last outputs."""
    first = layer(wave(8, 6, pace=0.53), 0.1 * wave(8, pace=0.2))
    second = layer(wave(4, 8, pace=0.41), 0.1 * wave(4, pace=0.2))
    model, inputs = nn.Sequential(first, nn.ReLU(), second), [wave(10, 6, pace=0.31, phase=0.9)]
    scores = CRITERIA["force"].score(model, seen(inputs, "force", labels=4))["0.weight"]
    figures = [0.0126981, 0.0861679, 0.00807125, 0.0399458, 0.053939, 0.00424591]
    same(scores[0], figures)
    figures = [0.0298848, 0.174991, 0.0983272, 0.0488364, 0.052046, 0.190222]
    same(scores[-1], figures)


@pytest.mark.parametrize(
    ("block", "figures"),
    [
        (
            16,
            [
                0.0105075, 0.0143071, 0.00475122, 0.00180294, 0.0153921, 2.16398e-05, 0.000211837, 0.00672392,
                0.00196286, 0.00262673, 0.00401225, 0.00991034, 0.00609518, 0.000757904, 0.0118721, 0.00799426,
                0.000151166, 0.00908261, 0.0112045, 0.000243947, 0.00915007, 0.00771372, 0.000829695, 0.00670718,
                0.00544057, 0.0023106, 0.0037949, 0.00165497, 0.00782094, 0.000143607, 4.45367e-05, 0.0130921,
            ],
        ),
        (
            32,
            [
                0.00931466, 0.0123119, 0.00373891, 0.00162973, 0.0116359, 1.94934e-05, 0.00016445, 0.00620797,
                0.00171253, 0.00239959, 0.00261783, 0.00685702, 0.00508864, 0.000606993, 0.00826895, 0.00732926,
                0.000130896, 0.00776619, 0.00903605, 0.000152665, 0.00771342, 0.00661972, 0.00064391, 0.00501493,
                0.00432349, 0.0021117, 0.00301137, 0.00139505, 0.00636148, 0.000128682, 3.58165e-05, 0.00971023,
            ],
        ),
    ],
)  # fmt: skip
def test_woodfisher(block: int, figures: list[float]) -> None:
    """IST-DASLab/WoodFisher, pruners/woodfisherblock.py, a gradient an image, damping 0.01: w^2 over the diagonal.

    Ours is half of it, the change of the loss itself.
    """
    model, inputs = nn.Sequential(layer(WIDE)), [wave(6, 8, pace=0.31, phase=0.9)]
    scores = CRITERIA["fisher"].score(model, seen(inputs, "fisher", labels=4, block=block, damping=0.01))["0.weight"]
    same(2 * scores, figures, 1e-3, 1e-7)


def test_fpgm() -> None:
    """he-y/filter-pruning-geometric-median, get_filter_similar of pruning_cifar10.py, no filter pruned by its norm."""
    conv = nn.Conv2d(3, 8, 2)
    conv.weight.data.copy_(wave(8, 3, 2, 2))
    scores = CRITERIA["fpgm"].score(nn.Sequential(conv), seen([torch.zeros(1, 3, 2, 2)], "fpgm"))
    figures = [24.1615, 27.0664, 25.329, 20.3527, 28.3359, 22.5377, 22.7508, 24.4125]
    same(scores["0.weight"][:, 0, 0, 0], figures)
    kept = make_masks(scores, 3 / 8, "layer", "filter")["0.weight"].flatten(1).any(dim=1)
    assert (~kept).nonzero().flatten().tolist() == [3, 5, 6]


def test_taylor_of_filters() -> None:
    """NVlabs/Taylor_pruning, pruning_engine.py, method 22: a gate behind the layer, one batch.

    Its method 0 sums the squares of single weights in place of squaring their sum; with `structure = "filter"` and
    criterion `taylor`, weights count by themselves too.
    """
    conv = nn.Conv2d(2, 5, 3, padding=1)
    conv.weight.data.copy_(wave(5, 2, 3, 3))
    assert conv.bias is not None
    conv.bias.data.copy_(0.2 * wave(5, pace=0.3))
    head = layer(wave(3, 5, pace=0.41), 0.1 * wave(3, pace=0.2))
    model = nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    inputs = [wave(4, 2, 6, 6, pace=0.031, phase=0.9)]
    scores = CRITERIA["taylor_filter"].score(model, seen(inputs, "taylor_filter", labels=3))["0.weight"]
    figures = [0.025864, 0.703074, 0.0066341, 0.0053937, 0.185446]
    same(scores[:, 0, 0, 0], figures)


# --- allocations -----------------------------------------------------------------------------------------------------

LAYERS = {
    "a": wave(6, 3, 3, 3),
    "b": 2 * wave(10, 6, 3, 3, pace=0.53),
    "c": wave(20, 40, pace=0.41) / 2,
    "d": wave(5, 20, pace=0.37),
}


def kept_of(allocation: str, sparsity: float) -> list[int]:
    """How many of each layer's weights stay by size."""
    scores = {name: weight.abs() for name, weight in LAYERS.items()}
    return [int(mask.sum()) for mask in make_masks(scores, sparsity, allocation).values()]


@pytest.mark.parametrize(
    ("sparsity", "kept"), [(0.5, [120, 270, 337, 74]), (0.9, [40, 43, 43, 34]), (0.97, [12, 12, 12, 12])]
)
def test_lamp(sparsity: float, kept: list[int]) -> None:
    """jaeho-lee/layer-adaptive-sparsity, _compute_lamp_amounts of tools/pruners.py."""
    assert kept_of("lamp", sparsity) == kept


@pytest.mark.parametrize(
    ("sparsity", "kept"), [(0.5, [108, 159, 434, 100]), (0.9, [20, 29, 79, 33]), (0.97, [6, 9, 24, 10])]
)
def test_erk_as_in_lamps_code(sparsity: float, kept: list[int]) -> None:
    """_compute_erk_amounts of the same file, which rounds each layer by itself; ours add up to the sparsity."""
    assert all(abs(ours - theirs) <= 1 for ours, theirs in zip(kept_of("erk", sparsity), kept, strict=True))


@pytest.mark.parametrize(("sparsity", "kept"), [(0.5, [162, 240, 355, 44]), (0.7, [162, 120, 177, 22])])
def test_uniform_plus(sparsity: float, kept: list[int]) -> None:
    """_compute_unifplus_amounts of the same file, rounded layer by layer too."""
    assert all(abs(ours - theirs) <= 1 for ours, theirs in zip(kept_of("uniform_plus", sparsity), kept, strict=True))


@pytest.mark.parametrize(
    ("allocation", "sparsity", "densities"),
    [
        ("erk", 0.8, [1.0, 0.281851, 0.133096, 1.0]),
        ("erk", 0.95, [0.27392, 0.055469, 0.026194, 0.547292]),
        ("er", 0.8, [1.0, 0.300547, 0.150274, 0.370675]),
        ("er", 0.95, [0.310039, 0.07343, 0.036715, 0.090564]),
    ],
)
def test_erk_and_er(allocation: str, sparsity: float, densities: list[float]) -> None:
    """google-research/rigl, get_sparsities_erdos_renyi of rigl/sparse_utils.py, with and without the kernel.

    It rounds the zeros of each layer down, ours are exact in all: a few weights of 24,000.
    """
    shapes = [(16, 3, 3, 3), (32, 16, 3, 3), (64, 32, 3, 3), (10, 64)]
    scores = {str(place): torch.rand(shape) for place, shape in enumerate(shapes)}
    masks = make_masks(scores, sparsity, allocation)
    found = [float(mask.double().mean()) for mask in masks.values()]
    assert found == pytest.approx(densities, abs=2.5e-3)


def test_owl() -> None:
    """luuyin/OWL, prune_wanda_outlier of lib/prune_all.py, Hyper_m 5, Lamda 0.08, sparsity 0.7, a weight a block.

    Of layers of equal size; else its mean counts each block alike, ours each weight, so that the sparsity is met.
    """
    scores = {}
    for place in range(4):
        model = nn.Sequential(layer(wave(16, 12, pace=0.3 + 0.11 * place) ** (2 * place + 3)))
        inputs = wave(9, 12, pace=0.21 + 0.05 * place) * (1 + 0.3 * torch.arange(12))
        scores[str(place)] = CRITERIA["wanda"].score(model, seen([inputs], "wanda"))["0.weight"]
    masks = make_masks(scores, 0.7, "owl")
    found = [int(mask.sum()) / 192 for mask in masks.values()]
    assert found == pytest.approx([0.204, 0.268, 0.364, 0.364], abs=1 / 192)
