"""Attribution by real networks of the tiny study, against each hidden copy by itself."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.comparisons import attribution
from analysis.comparisons.attribution import Method, Way, attribute
from analysis.engine.networks import Network
from analysis.metrics import geometry
from analysis.metrics.attribution import Patches, blurred, gap_and_length
from pruning.data import load_data
from pruning.models import features_and_logits
from pruning.study.folder import Study

DATA = load_data("digits")
IMAGE, LABEL = DATA.test.images[3], int(DATA.test.labels[3])


@pytest.fixture(scope="module")
def networks(found_study: Path) -> list[Network]:
    study = Study.open(found_study)
    return [Network.of(study.load(entry.id), torch.device("cpu"), "float32") for entry in study.entries()[:2]]


@pytest.fixture(scope="module")
def means(networks: Sequence[Network]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.random(network.weight.shape[1]) for network in networks]


def known(network: Network, mean: np.ndarray, images: torch.Tensor) -> np.ndarray:
    """Gap and length by the measure's own functions."""
    shown = network.show(images, torch.full((len(images),), LABEL), {})
    labels = torch.full((len(images),), LABEL)
    found = geometry.compare_tensors(shown.features, network.weight, network.bias, labels, torch.from_numpy(mean))
    return np.stack([found["gap"].numpy(), found["centred_length"].numpy()], axis=1)


def test_each_hidden_patch_is_what_its_copy_alone_says(networks: list[Network], means: list[np.ndarray]) -> None:
    way = Way(patch=3, stride=2)
    found = attribute(networks, means, IMAGE, LABEL, way)
    patches, fill = Patches(8, 8, 3, 2), blurred(IMAGE, 3)
    assert found.hidden is not None
    for place, (network, mean) in enumerate(zip(networks, means, strict=True)):
        whole = known(network, mean, IMAGE[None])[0]
        np.testing.assert_allclose(found.whole[place], whole, rtol=1e-5)
        lost = whole - np.concatenate([known(network, mean, copy[None]) for copy in patches.hide(IMAGE, fill)])
        lost[:, 1] *= 100 / whole[1]
        np.testing.assert_allclose(found.hidden[place].T, lost, atol=1e-3)
        np.testing.assert_allclose(found.maps[place], patches.spread(lost.T), atol=1e-3)
        emptied = (whole - known(network, mean, fill[None])[0]) * [1, 100 / whole[1]]
        np.testing.assert_allclose(found.emptied[place], emptied, atol=1e-3)
        logits = network.show(IMAGE[None], torch.tensor([LABEL]), {}).logits
        assert found.predictions[place] == logits.argmax()


def test_a_small_memory_changes_nothing(
    networks: list[Network], means: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = attribute(networks, means, IMAGE, LABEL, Way())
    told: list[float] = []
    monkeypatch.setattr(attribution, "PIXELS", 2 * IMAGE.numel())
    parts = attribute(networks, means, IMAGE, LABEL, Way(), lambda share, text: told.append(share))
    np.testing.assert_allclose(parts.maps, whole.maps, atol=1e-3)
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize("fill", ["blur", "mean"])
def test_integrated_gradients_sum_to_what_the_content_is_worth(
    fill: attribution.Fill, networks: list[Network], means: list[np.ndarray]
) -> None:
    found = attribute(networks, means, IMAGE, LABEL, Way("integrated", fill))
    assert found.hidden is None
    np.testing.assert_allclose(found.maps.sum(axis=(2, 3)), found.emptied, rtol=0.02, atol=0.1)


def test_the_gradient_is_what_a_little_brightness_adds(networks: list[Network], means: list[np.ndarray]) -> None:
    """In float64, by differences of a byte's hundredth."""
    found = attribute(networks, means, IMAGE, LABEL, Way("gradient"))
    network, mean = networks[0], means[0]
    module = network.module.double()
    try:
        for row, column in ((2, 3), (4, 4), (6, 2)):
            values = []
            for step in (0.005, -0.005):
                image = IMAGE.double()[None].clone()
                image[0, 0, row, column] += step
                inputs = (image / 255 - torch.tensor(network.mean)) / torch.tensor(network.std)
                features, _ = features_and_logits(module, inputs.double())
                labels = torch.tensor([LABEL])
                weight, centre = network.weight.double(), torch.from_numpy(mean)
                values.append(gap_and_length(features, weight, centre, labels)[0].detach().numpy())
            slope = (values[0] - values[1]) / 0.01 * 25.5
            slope[1] *= 100 / found.whole[0, 1]
            np.testing.assert_allclose(found.maps[0, :, row, column], slope, rtol=2e-2, atol=2e-3)
    finally:
        module.float()


@pytest.mark.parametrize("method", ["occlusion", "integrated", "gradient"])
def test_without_a_classifier_all_is_nan(method: Method, networks: list[Network], means: list[np.ndarray]) -> None:
    nothing = torch.full((len(networks[0].bias), 1), torch.nan)
    without = replace(networks[0], weight=nothing, without="no classifier")
    found = attribute([without, networks[1]], [np.zeros(1), means[1]], IMAGE, LABEL, Way(method))
    assert np.isnan(found.maps[0]).all()
    assert np.isnan(found.whole[0]).all()
    assert np.isfinite(found.maps[1]).all()


def test_a_dead_network_leans_on_nothing(networks: list[Network]) -> None:
    """Features that never change: a gap of 0 everywhere, and no length to take a share of."""
    dead = replace(networks[0], weight=torch.zeros_like(networks[0].weight))
    fill = attribute([dead], [np.zeros(dead.weight.shape[1])], IMAGE, LABEL, Way())
    assert (fill.maps[0, 0] == 0).all()
    assert np.isfinite(fill.maps[0, 1]).all()


@pytest.mark.parametrize(("size", "patch", "stride"), [(28, 4, 2), (32, 5, 2), (224, 32, 16), (8, 1, 1), (3, 1, 1)])
def test_patches_grow_with_the_image(size: int, patch: int, stride: int) -> None:
    way = Way.suited(size)
    assert (way.patch, way.stride) == (patch, stride)
