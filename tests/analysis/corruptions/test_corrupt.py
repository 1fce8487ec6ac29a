"""What holds for every corruption, and what `corrupt` refuses."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corruptions import AVAILABLE, CORRUPTIONS, NAMES, SEVERITIES, corrupt, get_corruption, workers
from pruning.errors import UserError
from tests.analysis.corruptions.pictures import flat, pictures

RANDOM = {
    *("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    *("glass_blur", "motion_blur", "snow", "frost", "fog", "elastic_transform", "spatter"),
}
# Their five severities are not in the order of the distance from the image.
UNORDERED = {"glass_blur", "motion_blur", "snow", "frost", "elastic_transform", "spatter", "saturate"}
# One channel has no saturation to change.
UNCHANGED = {("saturate", 1)}


def test_the_names_are_those_of_cifar10c() -> None:
    assert len(NAMES) == len(set(NAMES)) == 19
    assert NAMES[:3] == ("gaussian_noise", "shot_noise", "impulse_noise")
    assert NAMES[15:] == ("speckle_noise", "gaussian_blur", "spatter", "saturate")
    assert AVAILABLE == NAMES


def test_extra_are_the_last_four() -> None:
    assert all(corruption.extra == (name in NAMES[15:]) for name, corruption in CORRUPTIONS.items())
    assert sum(corruption.extra for corruption in CORRUPTIONS.values()) == 4


def test_every_corruption_is_whole() -> None:
    for name in AVAILABLE:
        corruption = CORRUPTIONS[name]
        assert corruption.name == name
        assert sorted(corruption.published) == [32, 64, 224]
        assert corruption.lengths <= set(corruption.names)
        for rows in corruption.published.values():
            assert len(rows) == 5
            assert all(len(row) == len(corruption.names) for row in rows)


@pytest.mark.parametrize("name", AVAILABLE)
@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_depend_on_nothing_but_the_arguments(name: str, channels: int) -> None:
    images = pictures(23, channels, 32, 32)
    kept = images.clone()
    whole = corrupt(images, name, 3, seed=5)
    assert torch.equal(images, kept)
    assert whole.dtype == torch.uint8
    assert whole.shape == images.shape
    assert torch.equal(whole, images) == ((name, channels) in UNCHANGED)
    assert torch.equal(corrupt(images, name, 3, seed=5), whole)
    pieces = [corrupt(images[i : i + 7], name, 3, seed=5, index=range(i, min(i + 7, 23))) for i in range(0, 23, 7)]
    assert torch.equal(torch.cat(pieces), whole)
    order = torch.randperm(23, generator=torch.Generator().manual_seed(1))
    assert torch.equal(corrupt(images[order], name, 3, seed=5, index=order), whole[order])
    strided = images.transpose(2, 3).contiguous().transpose(2, 3)
    assert torch.equal(corrupt(strided, name, 3, seed=5), whole)


@pytest.mark.parametrize("name", AVAILABLE)
def test_the_size_of_the_chunks_does_not_show(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(9, 3, 20, 24)
    whole = corrupt(images, name, 5)
    monkeypatch.setattr(workers, "VALUES_AT_ONCE", 2 * images[0].numel())
    assert torch.equal(corrupt(images, name, 5), whole)


@pytest.mark.parametrize("name", sorted(RANDOM & set(AVAILABLE)))
def test_seed_image_and_severity_each_change_the_draws(name: str) -> None:
    images = pictures(1, 3, 32, 32).expand(2, -1, -1, -1)
    first = corrupt(images, name, 1, seed=0)
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, corrupt(images, name, 1, seed=1))
    assert not torch.equal(first, corrupt(images, name, 1, seed=0, index=[7, 8]))
    assert not torch.equal(first, corrupt(images, name, 2, seed=0))


@pytest.mark.parametrize("name", sorted(set(AVAILABLE) - RANDOM))
def test_the_others_draw_nothing(name: str) -> None:
    images = pictures(3, 3, 32, 32)
    assert torch.equal(corrupt(images, name, 2, seed=0), corrupt(images, name, 2, seed=9, index=[5, 1, 3]))


@pytest.mark.parametrize("name", AVAILABLE)
@pytest.mark.parametrize("size", [8, 28, 32, 64])
def test_a_higher_severity_takes_images_further_away(name: str, size: int) -> None:
    images = pictures(40, 3, size, size)
    change = [(corrupt(images, name, s).double() - images.double()).abs().mean().item() for s in SEVERITIES]
    assert all(0 < value < 128 for value in change[1:])
    # At 8 pixels, several shares of pixelate, and several zooms, come to the same whole number of pixels.
    assert name in UNORDERED or all(
        b > a or (name in ("pixelate", "zoom_blur") and a == b) for a, b in pairwise(change)
    )


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(AVAILABLE),
    severity=st.sampled_from(SEVERITIES),
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 45),
    width=st.integers(1, 45),
    count=st.integers(1, 3),
)
def test_any_size_will_do(name: str, severity: int, channels: int, height: int, width: int, count: int) -> None:
    images = pictures(count, channels, height, width)
    result = corrupt(images, name, severity)
    assert result.shape == images.shape
    assert result.dtype == torch.uint8
    assert torch.equal(corrupt(images[-1:], name, severity, index=[count - 1]), result[-1:])


@pytest.mark.parametrize("name", sorted(set(AVAILABLE) - RANDOM - {"jpeg_compression"}))
def test_grey_is_treated_as_each_of_three_equal_channels(name: str) -> None:
    grey = pictures(5, 1, 33, 27)
    expected = corrupt(grey.expand(-1, 3, -1, -1), name, 4)
    assert torch.equal(corrupt(grey, name, 4), expected[:, :1])


@pytest.mark.parametrize("name", AVAILABLE)
def test_no_images_come_back_as_none(name: str) -> None:
    assert corrupt(torch.empty(0, 3, 32, 32, dtype=torch.uint8), name, 1).shape == (0, 3, 32, 32)


@pytest.mark.parametrize("name", AVAILABLE)
def test_parameters_at_published_sizes_and_below(name: str) -> None:
    corruption = get_corruption(name)
    for severity in SEVERITIES:
        for size in (32, 64, 224):
            assert corruption.parameters(severity, size) == corruption.published[size][severity - 1]
        for size in (8, 28):
            assert corruption.parameters(severity, size) == corruption.published[32][severity - 1]


def test_parameters_between_and_above_published_sizes() -> None:
    blur, noise = get_corruption("gaussian_blur"), get_corruption("gaussian_noise")
    # 32 sqrt(2) is half-way from 32 to 64 in the logarithm; sizes are whole, so 45 is a little less.
    share = math.log(45 / 32) / math.log(2)
    assert blur.parameters(5, 45) == pytest.approx((1 + share * 0.5,))
    assert noise.parameters(3, 120) == pytest.approx((0.12 + math.log(120 / 64) / math.log(224 / 64) * 0.06,))
    assert blur.parameters(5, 448) == (12,)
    assert noise.parameters(5, 448) == (0.38,)


@pytest.mark.parametrize(
    ("images", "name", "severity", "index", "message"),
    [
        (flat(1), "gaussian_nois", 1, None, "Did you mean 'gaussian_noise'"),
        (flat(1), "fog", 0, None, "Severity 0 .* 1 to 5"),
        (flat(1), "fog", 6, None, "Severity 6 .* 1 to 5"),
        (flat(1), "fog", 2.5, None, "Severity 2.5 .* 1 to 5"),
        (flat(1), "fog", True, None, "Severity True .* 1 to 5"),
        (flat(9).float(), "fog", 1, None, "must lie in 0 to 1, not .* before they are normalised"),
        (flat(1).tolist(), "fog", 1, None, "must be a torch tensor, a numpy array or a PIL image, not list"),
        (flat(1)[0, 0], "fog", 1, None, r"shape \[32, 32\] have 1 or 3 channels nowhere"),
        (flat(1)[:, :2], "fog", 1, None, r"shape \[16, 2, 32, 32\] have 1 or 3 channels nowhere"),
        (flat(1)[:, :, :0], "fog", 1, None, r"not \[16, 3, 0, 32\]"),
        (flat(1), "fog", 1, [1, 2], r"one whole number as index for each of the 16 images .* \[2\]"),
        (flat(1), "fog", 1, torch.rand(16), "one whole number as index .* torch.float32"),
    ],
)
def test_bad_input_is_one_sentence(images: object, name: str, severity: int, index: object, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        corrupt(images, name, severity, index=index)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
