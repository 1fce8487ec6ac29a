"""Masks of imports: all are applied or listed, zeros are spoken of, and masks the wrong way round are turned round."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.models import build_model
from pruning.study.checkpoint_import import ImportOptions, ImportResult, import_network

MEAN, STD = (0.3,), (0.4,)
NET = """
from torch import nn
def net(num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 40), nn.BatchNorm1d(40), nn.ReLU(), nn.Linear(40, num_classes))
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """A small network with a batch norm, trained by plain torch; its code lies beside it."""
    folder = tmp_path_factory.mktemp("net")
    (folder / "net.py").write_text(NET)
    data, model = load_data("digits"), build_model(f"{folder}/net.py:net", 10, (1, 8, 8), seed=0)
    inputs = normalise(data.train.images, MEAN, STD)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), data.train.labels).backward()
        optimizer.step()
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the network's code."""
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(NET)
    return tmp_path


def largest(state: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Masks that keep the largest weights of both layers."""
    found = {}
    for name in ("1.weight", "4.weight"):
        sizes = state[name].abs()
        found[name] = sizes >= sizes.flatten().quantile(1 - share)
    return found


def imported(state: dict[str, Tensor], masks: dict[str, Tensor] | None = None, **options: object) -> ImportResult:
    torch.save(state, "net.pth")
    if masks is not None:
        torch.save(masks, "masks.pt")
    said = ImportOptions("net.py:net", mean=MEAN, std=STD, masks=Path("masks.pt") if masks else None)
    return import_network("net.pth", "digits", type(said)(**{**vars(said), **options}))


def last(found: ImportResult) -> nn.Module:
    """The network of the last ticket of an import."""
    from pruning import Study

    study = Study.open(found.folder)
    return study.load(study.entries()[-1].id).model()


@pytest.mark.usefixtures("home")
def test_masks_of_norms_and_biases_are_applied_and_listed(trained: dict[str, Tensor]) -> None:
    some = {"2.weight": torch.arange(40) % 4 > 0, "4.bias": torch.arange(10) > 0}
    found = imported(trained, largest(trained, 0.5) | some)
    text = " ".join(found.report)
    assert "Masks of 2 tensors that are not pruned here were applied: '2.weight', '4.bias'" in text
    state = last(found).state_dict()
    for name, mask in some.items():
        assert torch.equal(state[name], trained[name] * mask)


@pytest.mark.usefixtures("home")
def test_zeros_that_count_as_kept_are_spoken_of(trained: dict[str, Tensor]) -> None:
    pruned = trained | {name: trained[name] * mask for name, mask in largest(trained, 0.5).items()}
    text = " ".join(imported(pruned).report)
    zero = sum(int((pruned[name] == 0).sum()) for name in ("1.weight", "4.weight"))
    assert f"{zero:,} of 2,960 prunable weights (50.0 %) are exactly zero and count as kept" in text
    assert "--zeros-are-pruned" in text
    for zeros, masks in ((True, None), (False, largest(trained, 0.5))):
        found = imported(pruned, masks, name=f"zeros {zeros}", zeros_are_pruned=zeros)
        assert "exactly zero" not in " ".join(found.report)
        assert "1,480 of 2,960 prunable weights are kept" in " ".join(found.report)
    assert "exactly zero" not in " ".join(imported(trained, name="dense").report)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("already_zero", [False, True])
def test_inverted_masks_are_turned_round_and_it_is_said(trained: dict[str, Tensor], already_zero: bool) -> None:
    masks = largest(trained, 0.4)
    state = trained | {name: trained[name] * mask for name, mask in masks.items()} if already_zero else trained
    right = imported(state, masks, name="right")
    turned = imported(state, {name: ~mask for name, mask in masks.items()}, name="turned")
    assert "the other way round (1 = pruned" not in " ".join(right.report)
    assert "The masks were taken the other way round (1 = pruned, 0 = kept)" in " ".join(turned.report)
    a, b = last(right).state_dict(), last(turned).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.usefixtures("home")
def test_inverted_masks_beside_the_weights_are_turned_round_too(trained: dict[str, Tensor]) -> None:
    masks = largest(trained, 0.4)
    found = imported(trained | {f"{name}_mask": ~mask for name, mask in masks.items()})
    assert "The masks were taken the other way round (1 = pruned, 0 = kept)" in " ".join(found.report)
    assert all(torch.equal(found.ticket.masks[name], mask) for name, mask in masks.items())
    assert all(torch.equal(found.ticket.state[name], trained[name] * mask) for name, mask in masks.items())


@pytest.mark.usefixtures("home")
def test_masks_that_only_keep_too_little_stay_as_they_are(trained: dict[str, Tensor]) -> None:
    """Random masks that keep 3 %: the other way round the network works, which does not make them inverted."""
    numbers = torch.Generator().manual_seed(1)
    masks = {name: torch.rand(trained[name].shape, generator=numbers) < 0.03 for name in ("1.weight", "4.weight")}
    found = imported(trained, masks)
    assert "if 1 means pruned in them, add --inverted-masks" in " ".join(found.report)
    state = last(found).state_dict()
    assert all(torch.equal(state[name], trained[name] * mask) for name, mask in masks.items())
    told = imported(trained, masks, name="told", inverted_masks=True)
    assert "as was said: 1 is pruned" in " ".join(told.report)
    assert torch.equal(last(told).state_dict()["1.weight"], trained["1.weight"] * ~masks["1.weight"])


def test_masks_that_leave_nothing_are_a_sentence(home: Path, trained: dict[str, Tensor]) -> None:
    with pytest.raises(UserError, match="Nothing is left of the network"):
        imported(trained, {name: torch.zeros_like(mask) for name, mask in largest(trained, 0.2).items()})
