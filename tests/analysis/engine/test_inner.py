"""What inner layers hand on: which there are, in which networks, and that it is what the network computes."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analysis.engine.inner import IMAGE, handing_on, inner_layers
from pruning.models import build_model


def caught(module: Any, images: Tensor) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    _, channels, height, width = images.shape
    layers = inner_layers(module, (channels, height, width))
    with torch.no_grad(), handing_on(module, layers, lambda name, value: found.update({name: value.clone()})):
        module(images)
    return found


def test_lenet_hands_on_what_was_pooled() -> None:
    model: Any = build_model("lenet5", 10, (1, 28, 28), 0).eval()
    images = torch.randn(3, 1, 28, 28)
    found = caught(model, images)
    assert list(found) == ["conv1", "conv2", "fc1", "fc2"]
    with torch.no_grad():
        first = F.max_pool2d(model.conv1(images).relu(), 2)
        second = F.max_pool2d(model.conv2(first).relu(), 2)
        torch.testing.assert_close(found["conv1"], first)
        torch.testing.assert_close(found["conv2"], second.flatten(1))
        torch.testing.assert_close(model(images), model.fc3(found["fc2"]))
    assert not model.conv2._forward_pre_hooks  # nothing is left behind


def test_a_residual_network_hands_on_the_sum_and_a_shortcut_counts_once() -> None:
    images = torch.randn(2, 3, 32, 32)
    plain: Any = build_model("resnet20", 10, (3, 32, 32), 0).eval()
    projected = build_model("resnet20b", 10, (3, 32, 32), 0).eval()
    names = [name for name, module in plain.named_modules() if isinstance(module, nn.Conv2d)]
    assert list(caught(plain, images)) == list(caught(projected, images)) == names
    block = plain.layer1[0]
    with torch.no_grad():
        start = F.relu(plain.bn1(plain.conv1(images)))
        torch.testing.assert_close(caught(plain, images)["layer1.0.conv2"], block(start))


@pytest.mark.parametrize("training", [True, False])
def test_a_single_layer_takes_in_the_images(training: bool) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3)).train(training)
    images = torch.randn(4, 3, 2, 2)
    assert inner_layers(model, (3, 2, 2)) == {"1": IMAGE}
    assert torch.equal(caught(model, images)[IMAGE], images.flatten(1))
    assert model.training is training
