"""What families hold, and what holds for every corruption outside of CIFAR-10-C as well."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corruptions import (
    CORRUPTIONS,
    FAMILIES,
    NAMES,
    SEVERITIES,
    corrupt,
    family_of,
    get_family,
    label_of,
    severities_of,
    workers,
)
from pruning.errors import UserError
from tests.analysis.corruptions.pictures import flat, pictures

MNIST_C = FAMILIES["mnist_c"].members
C_BAR = (*FAMILIES["c_bar"].members, *FAMILIES["cifar_c_bar"].members)
SOME = (*MNIST_C, *C_BAR, "fourier_0_0", "fourier_2_-3", "fourier_7_7")


def test_the_families_and_their_members() -> None:
    assert list(FAMILIES) == ["cifar_c", "mnist_c", "c_bar", "cifar_c_bar", "fourier", "adversarial"]
    assert FAMILIES["cifar_c"].members == NAMES
    assert MNIST_C == ("shear", "scale", "rotate", "translate", "stripe", "dotted_line", "zigzag", "canny_edges")
    assert [len(FAMILIES[name].members) for name in ("c_bar", "cifar_c_bar")] == [10, 5]
    assert len(FAMILIES["fourier"].members) == 113
    assert FAMILIES["adversarial"].members == ("fgsm", "pgd")
    members = [member for family in FAMILIES.values() for member in family.members]
    assert len(members) == len(set(members))
    assert {*CORRUPTIONS} == {m for f in FAMILIES.values() if not f.needs_network for m in f.members}
    assert [name for name, family in FAMILIES.items() if family.needs_network] == ["adversarial"]


def test_a_corruption_knows_its_family_and_its_severities() -> None:
    for family in FAMILIES.values():
        for member in family.members:
            assert family_of(member) == family.name
            if not family.needs_network:
                assert CORRUPTIONS[member].family == family.name
                assert CORRUPTIONS[member].severities == severities_of(member)
    assert severities_of("zigzag") == (1,)
    assert severities_of("shear") == severities_of("fog") == severities_of("pgd") == SEVERITIES
    assert family_of("my_own") == "arrays"


def test_every_corruption_has_a_label_and_its_rows() -> None:
    labels = {name: label_of(name) for family in FAMILIES.values() for name in family.members}
    assert len(set(labels.values())) == len(labels)
    assert (labels["pgd"], labels["canny_edges"], labels["fourier_2_-3"]) == ("PGD", "Canny edges", "Fourier (2, -3)")
    assert label_of("my_own_rain") == "My own rain"
    for corruption in CORRUPTIONS.values():
        for rows in corruption.published.values():
            assert len(rows) == len(corruption.severities)
            assert all(len(row) == len(corruption.names) for row in rows)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_depend_on_nothing_but_the_arguments(name: str, channels: int) -> None:
    images = pictures(23, channels, 28, 28)
    kept = images.clone()
    severity = severities_of(name)[-1]
    whole = corrupt(images, name, severity, seed=5)
    assert torch.equal(images, kept)
    assert whole.dtype == torch.uint8
    assert whole.shape == images.shape
    assert not torch.equal(whole, images)
    order = torch.randperm(23, generator=torch.Generator().manual_seed(1))
    for part in order.split(7):
        assert torch.equal(corrupt(images[part], name, severity, seed=5, index=part), whole[part])
    strided = images.transpose(2, 3).contiguous().transpose(2, 3)
    assert torch.equal(corrupt(strided, name, severity, seed=5), whole)
    assert corrupt(images[:0], name, severity).shape == (0, channels, 28, 28)


@pytest.mark.parametrize("name", SOME)
def test_the_size_of_the_chunks_does_not_show(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(9, 3, 20, 24)
    whole = corrupt(images, name, 1)
    monkeypatch.setattr(workers, "VALUES_AT_ONCE", 2 * images[0].numel())
    assert torch.equal(corrupt(images, name, 1), whole)


@pytest.mark.parametrize("name", sorted({*SOME} - {"scale", "stripe", "canny_edges", "circular_motion_blur"}))
def test_seed_and_image_change_the_draws(name: str) -> None:
    images = pictures(1, 3, 28, 28).expand(40, -1, -1, -1)
    first = corrupt(images, name, 1, seed=0)
    assert any(not torch.equal(first[0], other) for other in first)
    assert not torch.equal(first, corrupt(images, name, 1, seed=1))
    assert not torch.equal(first, corrupt(images, name, 1, index=range(40, 80)))


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(SOME),
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 45),
    width=st.integers(1, 45),
    count=st.integers(1, 3),
)
def test_any_size_will_do(name: str, channels: int, height: int, width: int, count: int) -> None:
    images = pictures(count, channels, height, width)
    result = corrupt(images, name, 1)
    assert result.shape == images.shape
    assert torch.equal(corrupt(images[-1:], name, 1, index=[count - 1]), result[-1:])


@pytest.mark.parametrize("name", MNIST_C)
def test_grey_is_treated_as_each_of_three_equal_channels(name: str) -> None:
    grey = pictures(5, 1, 33, 27)
    expected = corrupt(grey.expand(-1, 3, -1, -1), name, 1)
    assert torch.equal(corrupt(grey, name, 1), expected[:, :1])


@pytest.mark.parametrize("name", ["shear", "scale", "rotate", "translate", "fourier_1_4", *C_BAR])
def test_a_higher_severity_takes_images_further_away(name: str) -> None:
    images = pictures(40, 3 if name in C_BAR else 1, 28, 28)
    change = [(corrupt(images, name, s).double() - images.double()).abs().mean().item() for s in SEVERITIES]
    assert change[0] > 0
    assert change == sorted(set(change))


@pytest.mark.parametrize(
    ("name", "severity", "message"),
    [
        ("zigzag", 2, "Severity 2 of 'zigzag' does not exist: it has only severity 1"),
        ("zig_zag", 1, "Did you mean 'zigzag'"),
        ("fourier_8_0", 1, "Unknown corruption 'fourier_8_0'.*fourier_I_J with I from 0 to 7"),
        ("pgd", 1, "'pgd' needs the network that it attacks"),
    ],
)
def test_bad_names_are_one_sentence(name: str, severity: int, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        corrupt(flat(1), name, severity)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 800


def test_an_unknown_family_is_one_sentence() -> None:
    with pytest.raises(UserError, match=r"Unknown family of corruptions .mnist.\. Did you mean .mnist_c"):
        get_family("mnist")
