"""The classifier is found by running the network, whatever else is linear in it and whenever it is registered."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models import NoClassifier, class_directions, features_and_logits, find_classifier, prunable, remember
from pruning.models.classifier import Classifier, classifier_weight

SHAPE, CLASSES, WIDTH = (3, 8, 8), 10, 24
Head = Callable[["Net", Tensor], Tensor]


class Net(nn.Module):
    """A body, a head, and after it what could be taken for one: an auxiliary head, a projection, a gate."""

    def __init__(self, give: Head | None = None, head: nn.Module | None = None) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(192, WIDTH), nn.ReLU())
        self.head = head or nn.Linear(WIDTH, CLASSES)
        self.rows = nn.Parameter(torch.randn(CLASSES, WIDTH))
        self.temperature = nn.Parameter(torch.tensor(5.0))
        self.other, self.back = nn.Linear(WIDTH, CLASSES), nn.Linear(CLASSES, WIDTH)
        self.give = give

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        features = self.body(x)
        self.other(features)
        given: Tensor = self.head(features) if self.give is None else self.give(self, features)
        return given


def tokens(features: Tensor) -> Tensor:
    """Seven of each."""
    return features[:, None] * torch.arange(1.0, 8)[None, :, None]


HEADS: dict[str, tuple[Head, str, str]] = {
    "a parameter": (lambda n, f: F.linear(f, n.rows), "rows", "is the logits"),
    "a product": (lambda n, f: f @ n.rows.t(), "rows", "is the logits"),
    "a product from the left": (lambda n, f: (n.rows @ f.t()).t(), "rows", "is the logits"),
    "einsum": (lambda n, f: torch.einsum("nd,kd->nk", f, n.rows), "rows", "is the logits"),
    "addmm": (lambda n, f: torch.addmm(torch.ones(CLASSES), f, n.rows.t()), "rows", "is the logits"),
    "a cosine": (lambda n, f: n.temperature * F.linear(F.normalize(f), F.normalize(n.rows)), "rows", "cosine head"),
    "a temperature": (lambda n, f: n.head(f) / 8, "head", "times 0.125"),
    "a number a class": (lambda n, f: n.head(f) + torch.arange(10), "head", "class by class"),
    "a log-softmax": (lambda n, f: F.log_softmax(n.head(f) / 2, dim=1), "head", "log-softmax"),
    "centred": (lambda n, f: n.head(f) - n.head(f).mean(dim=1, keepdim=True), "head", "by a number an image"),
    "the mean of tokens": (lambda n, f: n.head(tokens(f)).mean(dim=1), "head", "averaged over positions"),
    "a token": (lambda n, f: n.head(tokens(f))[:, 2], "head", "position 2"),
    "tokens first": (lambda n, f: n.head(tokens(f).transpose(0, 1)).mean(dim=0), "head", "averaged"),
    "tokens in one row": (lambda n, f: n.head(tokens(f).flatten(0, 1)).view(-1, 7, 10).mean(dim=1), "head", "averaged"),
    "used twice": (lambda n, f: n.head(n.back(n.head(f)).relu()), "head", "is the logits"),
}
MODULES: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "dropout": (lambda: nn.Sequential(nn.Dropout(), nn.Linear(WIDTH, CLASSES), nn.Dropout()), "head.1"),
    "a norm behind it": (lambda: nn.Sequential(nn.Linear(WIDTH, CLASSES), nn.BatchNorm1d(CLASSES)), "head.0"),
    "two of one width": (lambda: nn.Sequential(nn.Linear(WIDTH, CLASSES), nn.Linear(CLASSES, CLASSES)), "head.1"),
    "a convolution": (
        lambda: nn.Sequential(
            nn.Unflatten(1, (6, 2, 2)), nn.Conv2d(6, CLASSES, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        ),
        "head.1",
    ),
    "a larger kernel": (
        lambda: nn.Sequential(
            nn.Unflatten(1, (6, 2, 2)), nn.Conv2d(6, CLASSES, 3, padding="same"), nn.AvgPool2d(2), nn.Flatten()
        ),
        "head.1",
    ),
    "along a line": (
        lambda: nn.Sequential(nn.Unflatten(1, (6, 4)), nn.Conv1d(6, CLASSES, 1), nn.AdaptiveAvgPool1d(1), nn.Flatten()),
        "head.1",
    ),
    "a wrapper": (lambda: nn.DataParallel(nn.Linear(WIDTH, CLASSES)), "head.module"),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(WIDTH, CLASSES)), "head"),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(WIDTH, CLASSES)), "head"),
}


def images(count: int = 7) -> Tensor:
    """Random images."""
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(3))


@torch.no_grad()
def check(model: nn.Module, name: str, words: str = "") -> Classifier:
    """That the classifier has that name, and gives the logits of other images up to a number an image."""
    found = find_classifier(model, SHAPE)
    assert found.name == name
    assert words in found.words
    features, logits = features_and_logits(model.eval(), images())
    weight, bias = class_directions(model, SHAPE)
    assert torch.equal(logits, model(images()))
    torch.testing.assert_close((features @ weight.T + bias).log_softmax(1), logits.log_softmax(1), rtol=1e-4, atol=1e-4)
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in model.modules())
    return found


@pytest.mark.parametrize("head", HEADS)
def test_heads_of_any_form(head: str) -> None:
    torch.manual_seed(0)
    give, name, words = HEADS[head]
    check(Net(give), name, words)


@pytest.mark.parametrize("head", MODULES)
def test_heads_in_modules(head: str) -> None:
    torch.manual_seed(0)
    module, name = MODULES[head]
    model = Net(head=module()).train()
    model(images())
    check(model, name)


@pytest.mark.parametrize(
    ("give", "words"),
    [
        (lambda n, f: n.head(f).softmax(dim=1), "softmax"),
        (lambda n, f: n.head(f).sigmoid(), "levels off"),
        (lambda n, f: 30 * torch.tanh(n.head(f) / 30), "levels off"),
        (lambda n, f: F.normalize(n.head(f)), "one length"),
        (lambda n, f: n.head(f).relu(), "negative values as zero"),
        (lambda n, f: n.head(tokens(f)).amax(dim=1), "largest over positions"),
        (lambda n, f: n.head(tokens(f)).relu_().mean(dim=1), "negative values as zero, averaged"),
    ],
)
def test_what_is_not_linear_is_found_and_named(give: Head, words: str) -> None:
    """The rows of the classes are known, but margins would be another's."""
    model = Net(give)
    found = find_classifier(model, SHAPE)
    assert (found.name, classifier_weight(model)) == ("head", "head.weight")
    assert words in found.words
    assert "left out" in found.words
    with pytest.raises(NoClassifier, match="left out"):
        class_directions(model, SHAPE)
    with pytest.raises(NoClassifier, match="left out"):
        features_and_logits(model, images())


@pytest.mark.parametrize(
    "give",
    [
        lambda n, f: n.head(f) + n.other(f.square()),
        lambda n, f: (n.head(f) + n.other(f.square())) / 2,
        lambda n, f: -torch.cdist(f, n.rows),
        lambda n, f: (f[:, None] * n.rows).sum(dim=2),
        lambda n, f: f[:, :CLASSES],
    ],
)
def test_without_a_linear_classifier_the_user_is_asked(give: Head) -> None:
    """Two heads of equal right (also at zero), distances to prototypes, no head at all."""
    for zero in (False, True):
        model = Net(give)
        for layer in (model.head, model.other):
            assert isinstance(layer, nn.Linear)
            nn.init.constant_(layer.weight, 0.0) if zero else None
        with pytest.raises(NoClassifier, match="--classifier NAME"):
            find_classifier(model, SHAPE)
        with pytest.raises(NoClassifier, match="--classifier NAME"):
            prunable(model, classifier=False)


def test_a_head_at_zero_and_features_at_zero_make_no_difference() -> None:
    model = Net()
    for weight in (*model.head.parameters(), *model.body.parameters()):
        nn.init.zeros_(weight)
    check(model, "head", "is the logits")


@pytest.mark.parametrize("named", ["head", "other", "rows", "none", "nose", "head.weight"])
def test_what_the_user_names_is_checked(named: str) -> None:
    """A network whose head is there to be found, and one whose logits are distances."""
    plain, distances = Net(), Net(lambda n, f: -torch.cdist(f, n.rows))
    for model in (plain, distances):
        remember(model, SHAPE, named)
    if named == "none":
        for model in (plain, distances):
            assert classifier_weight(model) == ""
            assert prunable(model, classifier=False).keys() == prunable(model).keys()
    elif named == "nose":
        with pytest.raises(UserError, match="cannot be 'nose'"):
            find_classifier(plain)
        with pytest.raises(UserError, match="'nose' is no layer of the network; it has"):
            find_classifier(distances)
    else:
        if named.startswith("head"):
            assert find_classifier(plain).name == "head"
        else:
            with pytest.raises(UserError, match=f"cannot be '{named}': .* the output of 'head'; leave the name out"):
                find_classifier(plain)
        found = find_classifier(distances)
        assert (found.name, found.is_linear, found.classes) == (named, False, CLASSES)
        assert "as was said" in found.words


def test_the_network_is_left_as_it_was_and_its_later_values_count() -> None:
    model = Net(head=MODULES["a norm behind it"][0]()).train()
    model.body.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    state = torch.get_rng_state()
    find_classifier(model, SHAPE)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    nn.init.constant_(model.get_parameter("head.1.weight"), 3.0)
    check(model, "head.0", "is the logits")  # which was noted when it was found
    assert "times 3" not in find_classifier(model).words


def tiny_vit() -> nn.Module:
    """torchvision's vision transformer, small; its head starts at zero."""
    from torchvision.models import VisionTransformer

    return VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32,
                             num_classes=CLASSES)  # fmt: skip


@pytest.mark.parametrize(
    ("build", "size", "name", "linear"),
    [
        ("squeezenet1_1", 64, "classifier.1", False),  # convolution, ReLU, pooling
        ("mobilenet_v3_small", 32, "classifier.3", True),
        ("googlenet", 64, "fc", True),
        ("swin_t", 32, "head", True),
        ("vit", 32, "heads.head", True),
    ],
)
def test_torchvisions_networks(build: str, size: int, name: str, linear: bool) -> None:
    from torchvision.models import get_model

    more: dict[str, Any] = {"init_weights": False, "aux_logits": True} if build == "googlenet" else {}
    model = tiny_vit() if build == "vit" else get_model(build, weights=None, num_classes=CLASSES, **more)
    found = find_classifier(model, (3, size, size))
    assert (found.name, found.weight, found.is_linear) == (name, f"{name}.weight", linear)


def test_half_precision_features_are_widened() -> None:
    features, logits = features_and_logits(Net().bfloat16(), images().bfloat16())
    assert features.dtype == logits.dtype == torch.float32
