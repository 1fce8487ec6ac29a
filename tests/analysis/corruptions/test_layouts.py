"""Images in any form: held to the same bytes as [N, C, H, W], and given back in the form that they came in."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from analysis.corruptions import Corrupt, corrupt
from pruning.errors import UserError


def images(channels: int = 3, count: int = 2) -> Tensor:
    source = torch.Generator().manual_seed(channels)
    return torch.randint(0, 256, (count, channels, 16, 20), dtype=torch.uint8, generator=source)


@given(
    channels=st.sampled_from([1, 3]),
    layout=st.sampled_from(["NCHW", "NHWC", "CHW", "HWC"]),
    floating=st.sampled_from([None, torch.float32, torch.float64, torch.float16]),
    numpy=st.booleans(),
)
def test_every_form_gives_the_same_bytes_and_comes_back(
    channels: int, layout: str, floating: torch.dtype | None, numpy: bool
) -> None:
    whole = images(channels, 2 if "N" in layout else 1)
    expected = corrupt(whole, "gaussian_noise", 2)
    given_as = whole if floating is None else (whole.double() / 255).to(floating)
    given_as = given_as.permute(0, 2, 3, 1) if layout.endswith("C") else given_as
    given_as = given_as if "N" in layout else given_as[0]
    found = corrupt(given_as.numpy() if numpy else given_as, "gaussian_noise", 2)
    assert type(found) is (np.ndarray if numpy else Tensor)
    back = torch.as_tensor(found)
    assert back.dtype == given_as.dtype
    assert back.shape == given_as.shape
    bytes_again = back if floating is None else (back.double() * 255).round().to(torch.uint8)
    bytes_again = bytes_again if "N" in layout else bytes_again[None]
    assert torch.equal(bytes_again.permute(0, 3, 1, 2) if layout.endswith("C") else bytes_again, expected)


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("L", 1)])
def test_a_picture_comes_back_as_a_picture(mode: str, channels: int) -> None:
    whole = images(channels, 1)
    picture = Image.fromarray(whole[0].permute(1, 2, 0).squeeze().numpy())
    found = corrupt(picture, "fog", 3)
    assert isinstance(found, Image.Image)
    assert (found.mode, found.size) == (mode, (20, 16))
    expected = corrupt(whole, "fog", 3)[0].permute(1, 2, 0).squeeze().numpy()
    assert np.array_equal(np.asarray(found), expected)


def test_what_came_in_is_left_alone() -> None:
    array = images().permute(0, 2, 3, 1).numpy().copy()
    before = array.copy()
    corrupt(array, "gaussian_noise", 5)
    assert np.array_equal(array, before)


def test_a_layout_that_is_not_clear_is_asked_for() -> None:
    narrow = np.zeros((2, 3, 16, 3), dtype=np.uint8)
    with pytest.raises(UserError, match="may be NCHW or NHWC; say which"):
        corrupt(narrow, "fog", 3)
    assert corrupt(narrow, "fog", 3, layout="NHWC").shape == narrow.shape
    assert corrupt(torch.from_numpy(narrow), "fog", 3).shape == narrow.shape  # torch's own order


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (torch.rand(2, 3, 8, 8) * 255, "must lie in 0 to 1"),
        (torch.full((2, 3, 8, 8), float("nan")), "must lie in 0 to 1"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.int64), "must be bytes .* not int64"),
        (torch.zeros(2, 4, 8, 8, dtype=torch.uint8), "1 or 3 channels nowhere"),
        (torch.zeros(8, 8, dtype=torch.uint8), "1 or 3 channels nowhere"),
        ([[1, 2], [3, 4]], "not list"),
        (Image.new("RGBA", (8, 8)), "mode RGBA"),
    ],
)
def test_what_is_no_image_is_refused(wrong: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        corrupt(wrong, "fog", 3)


@pytest.mark.parametrize("layout", ["CHWN", "HWC", 3])
def test_a_layout_that_does_not_fit_is_refused(layout: Any) -> None:
    with pytest.raises(UserError, match=r"ayout|must be HWC"):
        corrupt(torch.zeros(2, 3, 8, 8, dtype=torch.uint8), "fog", 3, layout=layout)


# --- as a transform --------------------------------------------------------------------------------------------------


def test_the_transform_is_corrupt_under_torchs_seed() -> None:
    picture = tv_tensors.Image(images()[0])
    fog = Corrupt("fog", 3)
    torch.manual_seed(5)
    found = fog(picture)
    assert type(found) is tv_tensors.Image
    torch.manual_seed(5)
    torch.randint(1, ())
    seed = int(torch.randint(2**31, ()))
    assert torch.equal(found.as_subclass(Tensor), corrupt(images()[:1], "fog", 3, seed=seed)[0])
    assert not torch.equal(found.as_subclass(Tensor), fog(picture).as_subclass(Tensor))


def test_the_transform_in_a_chain_leaves_labels_boxes_and_range_alone() -> None:
    chain = v2.Compose([v2.ToImage(), Corrupt("gaussian_noise"), v2.ToDtype(torch.float32, scale=True)])
    picture = Image.fromarray(images()[0].permute(1, 2, 0).numpy())
    found, label = chain(picture, 7)
    assert label == 7
    assert found.dtype == torch.float32
    assert 0 <= float(found.min()) <= float(found.max()) <= 1
    batch, labels = Corrupt("brightness", 1)(images().float() / 255, torch.tensor([1, 2]))
    assert batch.shape == (2, 3, 16, 20)
    assert labels.tolist() == [1, 2]


def test_severities_are_drawn_from_those_asked_for() -> None:
    torch.manual_seed(0)
    drawn = [Corrupt("contrast", (1, 5)).make_params([])["severity"] for _ in range(12)]
    assert set(drawn) == {1, 5}
    assert repr(Corrupt("fog", 3)) == "Corrupt('fog', 3)"


@pytest.mark.parametrize("arguments", [("fgo", 3), ("fog", 6), ("fog", ())])
def test_a_transform_that_cannot_be_is_refused_when_it_is_made(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(UserError):
        Corrupt(*arguments)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("size", [(1, 1), (1, 8), (8, 1), (3, 1), (1, 3)])
def test_pictures_of_one_row_or_column_keep_their_size(mode: str, size: tuple[int, int]) -> None:
    picture = Image.new(mode, size, color=200 if mode == "L" else (200, 100, 50))
    found = corrupt(picture, "brightness", 1)
    assert (found.mode, found.size) == (mode, size)
    height, width = size[1], size[0]
    bytes_ = torch.from_numpy(np.array(picture)).view(1, height, width, -1).permute(0, 3, 1, 2)
    expected = corrupt(bytes_.contiguous(), "brightness", 1)[0].permute(1, 2, 0)
    assert np.array_equal(np.asarray(found).reshape(height, width, -1), expected.numpy())
