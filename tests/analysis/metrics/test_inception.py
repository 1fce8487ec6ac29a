"""Inception's features against pytorch-fid 0.3.0 with the same weights, PIL's resizing, and files that are not its."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.measures.generated import fd
from analysis.metrics.generated import within_span
from analysis.metrics.inception import FEATURES, digest, fid_network, inception, resized
from pruning.errors import UserError
from tests.analysis.metrics.inception_file import drawn_state, pictures, write_drawn

CPU = torch.device("cpu")
PYTORCH_FID = [0.0, 0.00089, 0.0, 1.1843, 0.52565, 0.94615, 0.33451]
"""What pytorch-fid's network makes of the first of three pictures: its first six features, and their mean."""

PYTORCH_FID_DISTANCE = 2.8249
"""pytorch-fid's FID of three pictures and two."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights."""
    return write_drawn(tmp_path_factory.mktemp("inception") / "drawn.pth")


def test_features_and_fid_are_pytorch_fids(weights: Path) -> None:
    see = inception(weights, "bilinear", CPU)
    found = see(pictures(3))
    assert found.shape == (3, FEATURES)
    assert [*found[0, :6].tolist(), float(found[0].mean())] == pytest.approx(PYTORCH_FID, abs=1e-4)
    distance = fd(*within_span(found.numpy(), see(pictures(2)).numpy()))
    assert distance == pytest.approx(PYTORCH_FID_DISTANCE, rel=1e-3)


def test_means_do_not_count_what_lies_beyond_the_border() -> None:
    network = fid_network().eval()
    block = network.Mixed_5b
    assert isinstance(block, torch.nn.Module)
    seen: list[torch.Tensor] = []
    block.get_submodule("branch_pool").register_forward_hook(lambda module, given, result: seen.append(given[0]))
    maps = torch.randn(1, 192, 5, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        block(maps)
    torch.testing.assert_close(seen[-1][..., 0, 0], maps[..., :2, :2].mean((2, 3)))
    torch.testing.assert_close(seen[-1][..., 2, 2], maps[..., 1:4, 1:4].mean((2, 3)))


def test_bicubic_is_pils() -> None:
    [image] = pictures(1, side=40)
    channels = [Image.fromarray(255 * channel.numpy(), mode="F") for channel in image]
    own = np.stack([np.asarray(each.resize((299, 299), Image.Resampling.BICUBIC)) for each in channels])
    np.testing.assert_allclose(127.5 * (resized(image[None], "bicubic")[0].numpy() + 1), own, atol=0.01)


def test_grey_images_have_three_equal_channels() -> None:
    grey = pictures(2, channels=1)
    torch.testing.assert_close(resized(grey, "bilinear"), resized(grey.expand(-1, 3, -1, -1), "bilinear"))
    with pytest.raises(UserError, match="these have 4 channels"):
        resized(pictures(1, channels=4), "bilinear")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1_000_000])


def _without_one(path: Path) -> None:
    state = drawn_state()
    del state["Mixed_7b.branch1x1.conv.weight"]
    torch.save(state, path)


def _with_a_thousand_classes(path: Path) -> None:
    state = drawn_state()
    torch.save(state | {"fc.weight": state["fc.weight"][:1000], "fc.bias": state["fc.bias"][:1000]}, path)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (Path.unlink, "There is no file .*; give pytorch-fid's"),
        (_cut, "."),
        (_without_one, "'Mixed_7b.branch1x1.conv.weight' is in one of the two alone"),
        (_with_a_thousand_classes, "the shapes of its weights are others"),
        (lambda path: torch.save({"weight": torch.ones(2, 2)}, path), "not of the Inception network of FID"),
    ],
)  # fmt: skip
def test_files_that_are_not_its_end_in_a_sentence(harm: object, sentence: str, weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "given.pth"
    path.write_bytes(weights.read_bytes())
    harm(path)  # type: ignore[operator]
    with pytest.raises(UserError, match=sentence) as raised:
        inception(path, "bilinear", CPU)
    assert "given.pth" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_digest_is_the_files_and_follows_it(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    assert digest(path) == ""
    path.write_bytes(b"abc")
    assert digest(path) == "ba7816bf"  # FIPS 180-2, appendix B.1
    path.write_bytes(b"")
    assert digest(path) == "e3b0c442"
