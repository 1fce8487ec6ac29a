"""The logits are taken from whatever a network gives, in evaluation and in training mode, or it is refused at once."""

from pathlib import Path

import pytest
import torch
from torch import nn

from pruning.errors import UserError
from pruning.graph.tracing import trace
from pruning.models import MODELS, Architecture, build_model, find_classifier
from pruning.models.outputs import output_words

CODE = """
import collections
import dataclasses
import torch
import torchvision
from torch import nn

class Base(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(192, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Dropout(0.5))
        self.fc, self.aux = nn.Linear(24, num_classes), nn.Linear(24, num_classes)
    def forward(self, x):
        f = self.body(x)
        return type(self).give(self, f, self.fc(f), self.aux(f))

def making(give):
    return lambda num_classes: type("Net", (Base,), {"give": give})(num_classes)

Both = collections.namedtuple("Both", "aux logits")
@dataclasses.dataclass
class Data:
    logits: torch.Tensor
    hidden: torch.Tensor
class Output(collections.OrderedDict):
    def __getattr__(self, key):
        return self[key]
class Plain:
    def __init__(self, logits):
        self.logits = logits

alone = making(lambda s, f, l, a: l)
first = making(lambda s, f, l, a: (l, f))
second = making(lambda s, f, l, a: [f, l])
nested = making(lambda s, f, l, a: ((l, None), f))
training = making(lambda s, f, l, a: (l, a) if s.training else l)
training_last = making(lambda s, f, l, a: (a, l) if s.training else l)
training_dict = making(lambda s, f, l, a: {"a": a, "b": l} if s.training else {"b": l})
named = making(lambda s, f, l, a: {"aux": a, "out": l})
tuple_with_names = making(lambda s, f, l, a: Both(a, l))
data = making(lambda s, f, l, a: Data(l, f))
model_output = making(lambda s, f, l, a: Output(loss=None, logits=l, hidden_states=(f, f)))
plain_object = making(lambda s, f, l, a: Plain(l))
softmax = making(lambda s, f, l, a: l.softmax(dim=1))
softmax_in_evaluation = making(lambda s, f, l, a: l if s.training else l.softmax(dim=1))
pixel = making(lambda s, f, l, a: l[:, :, None, None])
two = making(lambda s, f, l, a: (l, a))
two_in_training = making(lambda s, f, l, a: (l, a) if s.training else (l + a) / 2)
none = making(lambda s, f, l, a: {"features": f})
def fail(s):
    raise RuntimeError("no training here")
untrainable = making(lambda s, f, l, a: fail(s) if s.training else l)
def googlenet(num_classes):
    return torchvision.models.googlenet(num_classes=num_classes, init_weights=False)
"""
TAKEN = {
    "alone": "",
    "first": "are element 0 of what it returns.",
    "second": "are element 1 of",
    "nested": "are '0.0' of",
    "training": "what it returns in evaluation mode, and element 0 of what it returns in training mode; the loss is",
    "training_last": "element 1 of what it returns in training mode",
    "training_dict": "are 'b' of what it returns.",
    "named": "are 'out' of",
    "tuple_with_names": "are 'logits' of",
    "data": "are 'logits' of",
    "model_output": "are 'logits' of",
    "plain_object": "are 'logits' of",
    "softmax": "the logarithm of what it returns, a softmax",
    "softmax_in_evaluation": "the logarithm of what it returns, a softmax in evaluation mode, and what it returns in",
    "pixel": "are what it returns",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the user's."""
    file = tmp_path_factory.mktemp("own") / "net.py"
    file.write_text(CODE)
    return file


@pytest.mark.parametrize("factory", TAKEN)
def test_the_logits_are_taken_and_it_is_said_how(own: Path, factory: str) -> None:
    """They are what the layer `fc` gives, up to a number an image, and all else is as it was."""
    model = build_model(f"{own}:{factory}", 10, (3, 8, 8), 0)
    alone = build_model(f"{own}:alone", 10, (3, 8, 8), 0)
    assert TAKEN[factory] in output_words(model)
    assert all(torch.equal(value, alone.state_dict()[key]) for key, value in model.state_dict().items())
    x = torch.randn(4, 3, 8, 8)
    for training in (False, True):
        torch.manual_seed(0)
        given = model.train(training)(x)
        torch.manual_seed(0)
        wanted = alone.train(training)(x)
        torch.testing.assert_close(given.log_softmax(1), wanted.log_softmax(1))
    assert find_classifier(model).name == "fc"
    torch.testing.assert_close(trace(model)(x), model.eval()(x))  # smaller networks are made of the graph


@pytest.mark.parametrize(
    ("factory", "hint"),
    [
        ("two", "2 tensors of the shape of logits, .* [(]at 0, 1[)].*return the logits alone"),
        ("two_in_training", "in training mode, gives 2 tensors"),
        ("none", "gives a dict, not a tensor of logits"),
        ("untrainable", "cannot be trained on images of 3x8x8: RuntimeError: no training here [(]line"),
    ],
)
def test_what_cannot_be_told_is_refused_at_once(own: Path, factory: str, hint: str) -> None:
    with pytest.raises(UserError, match=hint) as caught:
        build_model(f"{own}:{factory}", 10, (3, 8, 8), 0)
    assert "\n" not in str(caught.value)


def test_auxiliary_heads_of_googlenet(own: Path) -> None:
    model = build_model(f"{own}:googlenet", 10, (3, 32, 32), 0)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)
    assert "'logits' of what it returns in training mode" in output_words(model)


def test_a_model_that_is_added_is_tried_as_well() -> None:
    class Pair(nn.Module):
        def __init__(self, classes: int) -> None:
            super().__init__()
            self.fc = nn.Linear(192, classes)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x, self.fc(x.flatten(1))

    MODELS.register(Architecture("pair_for_a_test", lambda num_classes, shape: Pair(num_classes)))
    try:
        model = build_model("pair_for_a_test", 10, (3, 8, 8), 0)
    finally:
        MODELS.unregister("pair_for_a_test")
    assert model(torch.zeros(2, 3, 8, 8)).shape == (2, 10)
