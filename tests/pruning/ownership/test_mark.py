"""Windows by brute force, the p value against scipy's Fisher test and by simulation, embedding as a property."""

from dataclasses import astuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact

from pruning.errors import UserError
from pruning.masks import Masks
from pruning.ownership.code import Code
from pruning.ownership.embedding import embed
from pruning.ownership.mark import Place, best_window, evidence, kernel_map, window, windows

CODE = Code("OWNER 1")


def convolution(seed: int, density: float = 0.08, width: int = 32) -> Masks:
    source = torch.Generator().manual_seed(seed)
    return {"conv.weight": torch.rand(width, width, 3, 3, generator=source) < density}


def marked(seed: int, density: float, code: Code = CODE) -> tuple[Masks, Place]:
    masks, source = convolution(seed, density), torch.Generator().manual_seed(seed)
    weights = {name: torch.randn(mask.shape, generator=source) * mask for name, mask in masks.items()}
    place = best_window(masks, code)
    return embed(masks, code, place, weights, source), place


def thinned(masks: Masks, share: float, seed: int) -> Masks:
    """The masks without a share of what they keep, by chance."""
    source, found = torch.Generator().manual_seed(seed), {}
    for name, mask in masks.items():
        kept = mask.flatten().nonzero().flatten()
        found[name] = mask.clone()
        found[name].view(-1)[kept[torch.randperm(len(kept), generator=source)[: round(share * len(kept))]]] = False
    return found


def test_kernels_are_alive_where_a_weight_is_kept() -> None:
    mask = torch.zeros(2, 2, 3, 3, dtype=torch.bool)
    mask[0, 1, 2, 2] = mask[1, 0, 0, 0] = mask[1, 0, 1, 1] = True
    assert kernel_map(mask).tolist() == [[False, True], [True, False]]
    assert kernel_map(mask[:, :, 0, 0]).tolist() == [[False, False], [True, False]]


def test_the_best_window_and_its_evidence_by_brute_force() -> None:
    source = torch.Generator().manual_seed(3)
    masks = {
        "small": torch.rand(20, 40, generator=source) < 0.5,
        "fc": torch.rand(24, 26, generator=source) < 0.6,
        "conv": torch.rand(25, 23, 2, 2, generator=source) < 0.2,
    }
    free, most, p_values, count = ~CODE.shared, {}, {}, 0
    for name in ("fc", "conv"):
        alive = kernel_map(masks[name]).numpy()
        for row in range(alive.shape[0] - 20):
            for column in range(alive.shape[1] - 20):
                there = alive[row : row + 21, column : column + 21][free]
                dark = CODE.modules[free]
                here = alive[row : row + 21, column : column + 21]
                most[Place(name, row, column)] = int((here == CODE.modules)[~CODE.fixed].sum())
                table = [[(there & dark).sum(), (there & ~dark).sum()], [(~there & dark).sum(), (~there & ~dark).sum()]]
                p_values[Place(name, row, column)] = float(fisher_exact(table, alternative="greater").pvalue)
                count += 1
    assert windows(masks, CODE) == count == 24 + 15
    best = best_window(masks, CODE)
    assert most[best] == max(most.values())
    found = evidence(masks, CODE)
    assert p_values[found.place] == pytest.approx(min(p_values.values()))
    assert found.p_value == pytest.approx(min(1, count * min(p_values.values())))
    assert (found.bits, found.windows) == (175, count)
    assert found.undated == 1
    at = evidence(masks, CODE, best)
    assert at.p_value == pytest.approx(p_values[best])
    assert at.windows == 1
    agree = (window(masks, best, 21) == CODE.modules)[free]
    assert at.matches == agree.sum()
    assert at.ber == pytest.approx(1 - agree.mean())


@pytest.mark.parametrize("density", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("structured", [False, True])
def test_p_values_of_unsigned_masks_are_uniform_or_conservative(density: float, structured: bool) -> None:
    """Also where whole rows and columns are dead, as in real tickets, since it is the code that is by chance."""
    source, drawn, at, anywhere = np.random.default_rng(0), 150, [], []
    for number in range(drawn):
        alive = source.random((30, 30)) < density
        if structured:
            alive &= (source.random((30, 1)) < 0.6) & (source.random((1, 30)) < 0.6)
        masks, code = {"fc": torch.from_numpy(alive)}, Code(f"{number:07d}")
        at.append(evidence(masks, code, Place("fc", 4, 4)).p_value)
        anywhere.append(evidence(masks, code).p_value)
    for level in (0.01, 0.05, 0.2, 0.5):
        for found in (at, anywhere):
            assert np.sum(np.array(found) <= level) <= binom.ppf(0.999, drawn, level)
    if density == 0.5:
        assert np.mean(np.array(at) <= 0.5) > 0.3  # not conservative beyond use


def test_half_a_chance_a_bit_is_wrong_where_nearly_all_kernels_live() -> None:
    """What Fisher's test mends: agreement with a code that is mostly dark says nothing in a dense layer."""
    codes = [code for code in (Code(f"{number:07d}") for number in range(300)) if code.dark > 0.53 * code.bits]
    source, naive, right = np.random.default_rng(0), 0, 0
    for code in codes * 20:
        masks = {"fc": torch.from_numpy(source.random((21, 21)) < 0.97)}
        found = evidence(masks, code, Place("fc", 0, 0))
        naive += binom.sf(found.matches - 1, found.bits, 0.5) < 0.3
        right += found.p_value < 0.3
    drawn = 20 * len(codes)
    assert drawn >= 100
    assert naive > 0.6 * drawn
    assert right <= binom.ppf(0.999, drawn, 0.3)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    density=st.sampled_from([0.02, 0.08, 0.3, 0.6]),
    kernel=st.sampled_from([(), (1, 1), (3, 3)]),
    row=st.integers(0, 4),
    column=st.integers(0, 9),
)
def test_embedding_writes_the_code_and_keeps_every_count(
    seed: int, density: float, kernel: tuple[int, ...], row: int, column: int
) -> None:
    source = torch.Generator().manual_seed(seed)
    masks = {name: torch.rand(25, 30, *kernel, generator=source) < density for name in ("a", "b")}
    weights = {name: torch.randn(mask.shape, generator=source) * mask for name, mask in masks.items()}
    kept, size = int(masks["a"].sum()), masks["a"].numel() // 750
    place = Place("a", row, column)
    dark, light = ((each & ~CODE.fixed).sum() for each in (CODE.modules, ~CODE.modules))
    if not dark <= kept <= size * 750 - size * light:
        with pytest.raises(UserError, match="keeps"):
            embed(masks, CODE, place, weights, source)
        return
    found = embed(masks, CODE, place, weights, source)
    assert int(found["a"].sum()) == kept
    assert torch.equal(found["b"], masks["b"])
    free = ~CODE.fixed
    assert (window(found, place, 21) == CODE.modules)[free].all()
    assert evidence(found, CODE, place).text == CODE.text


def test_embedding_gives_up_the_smallest_weights() -> None:
    masks = {"fc": torch.ones(40, 40, dtype=torch.bool)}
    masks["fc"][:21, :21] = False
    weights = {"fc": torch.arange(1600.0).view(40, 40) * masks["fc"]}
    found = embed(masks, CODE, Place("fc", 0, 0), weights, torch.Generator().manual_seed(0))
    gone = weights["fc"][masks["fc"] & ~found["fc"]]
    dark = int((CODE.modules & ~CODE.fixed).sum())
    assert len(gone) == dark
    assert gone.max() <= weights["fc"][masks["fc"]].sort().values[dark - 1]


def test_random_pruning_of_five_per_cent_leaves_it_readable_and_ten_does_not() -> None:
    read = dict.fromkeys((0.05, 0.1, 0.2), 0)
    for seed in range(3):
        masks, place = marked(seed, 0.05)
        assert evidence(masks, CODE).place == place
        for share in read:
            found = evidence(thinned(masks, share, seed), CODE)
            read[share] += found.text == CODE.text
            assert found.holds  # the p value outlives the picture
    assert read[0.05] == 3 >= 2 >= read[0.1]
    assert read[0.2] == 0


@pytest.mark.parametrize("letters", ["0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"])
def test_forged_codes_agree_with_a_signed_ticket_as_by_chance(letters: str) -> None:
    """Texts of one length share modules, which are left out: else a sixth of these would have a p value below .05."""
    masks, place = marked(0, 0.1)
    source, drawn = np.random.default_rng(0), 300
    codes = [Code("".join(source.choice(list(letters), 7))) for _ in range(drawn)]
    found = np.array([evidence(masks, code, place).p_value for code in codes])
    for level in (0.002, 0.01, 0.05, 0.2, 0.5):
        assert np.sum(found <= level) <= binom.ppf(0.999, drawn, level)
    assert np.mean(found <= 0.5) > 0.3


def test_a_text_without_a_date_is_held_against_all_texts() -> None:
    """Of nine bytes of data, at most, for the smallest code; what was signed passes, what chance may find does not."""
    masks, place = marked(0, 0.1)
    signed, weak = evidence(masks, CODE, place), evidence(thinned(masks, 0.5, 0), CODE, place)
    assert signed.undated == pytest.approx(signed.p_value * 2**72)
    assert signed.undated < 1e-6
    assert weak.holds
    assert weak.undated > 1e-6
    large = Code("x" * 130)
    assert large.capacity > 1024  # 2 to that number is none that a machine holds
    assert evidence({"fc": torch.from_numpy(large.modules)}, large).undated < 1e-200


def test_what_does_not_fit_gets_a_sentence() -> None:
    masks = {"narrow": torch.ones(64, 20, dtype=torch.bool), "conv": torch.ones(28, 30, 3, 3, dtype=torch.bool)}
    with pytest.raises(UserError, match=r"29 modules wide.*'conv', has 28 .* holds a text of 14 bytes at most"):
        best_window(masks, Code("someone's, 2026"))
    with pytest.raises(UserError, match="20 kernels along its shorter side, and the smallest code has 21"):
        evidence({"narrow": masks["narrow"]}, CODE)
    with pytest.raises(UserError, match="take a ticket of another sparsity"):
        best_window(masks, CODE)
    with pytest.raises(UserError, match="does not fit at row 8, column 0 of layer 'conv'"):
        evidence(masks, CODE, Place("conv", 8, 0))
    assert astuple(evidence(masks, CODE, Place("conv", 7, 9)))[-1] is None
