"""Colours must be told apart by everybody, on white and on black, and be read against their background."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from app.shell import theme
from app.shell.colour import Oklch, contrast, readable_on, to_hex, to_linear
from pruning.study.config import read_config
from tests.samples import EVERY

METHODS = ["dense", "random", "magnitude", "snip", "grasp", "synflow", "taylor", "imp", "random_reinit", "shuffled"]
# Severe colour-vision deficiency as a matrix on linear RGB (Machado, Oliveira & Fernandes 2009).
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65), another space than the one the colours were found in."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    ratio = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Oklab as defined by Ottosson (2020): linear RGB to cone responses, their cube roots to lightness and two opponents.
TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def from_hex(colour: str) -> Oklch:
    """The inverse of `to_hex`."""
    light, green_red, blue_yellow = np.asarray(TO_LAB) @ np.cbrt(np.asarray(TO_LMS) @ to_linear(colour))
    hue = float(np.degrees(np.arctan2(blue_yellow, green_red))) % 360
    return Oklch(float(light), float(np.hypot(green_red, blue_yellow)), hue)


def seen(colour: str, vision: str) -> np.ndarray:
    return lab(np.clip(np.asarray(VISION[vision]) @ to_linear(colour), 0, 1))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("vision", list(VISION))
def test_methods_are_told_apart(mode: theme.Mode, vision: str) -> None:
    colours = theme.method_colors(METHODS, mode)
    distances = {
        pair: np.linalg.norm(seen(colours[pair[0]], vision) - seen(colours[pair[1]], vision))
        for pair in combinations(METHODS, 2)
    }
    pair = min(distances, key=lambda pair: distances[pair])
    # A difference of 2.3 is just noticeable side by side; symbols tell methods apart where hues are close.
    assert distances[pair] > (20 if vision == "normal" else 10), pair


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_what_is_drawn_reads_against_the_card(mode: theme.Mode) -> None:
    look = theme.get(mode)
    for colour in theme.method_colors(METHODS, mode).values():
        assert contrast(colour, look.surface) >= 3  # what WCAG 2 asks of graphics
    assert contrast(look.ink, look.surface) >= 7
    assert contrast(look.muted, look.surface) >= 4.5
    for colour in (look.accent, look.good, look.bad, look.both, look.only_a, look.only_b):
        assert contrast(colour, look.surface) >= 3


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_sparsities_of_a_method_share_its_hue_and_step_evenly(mode: theme.Mode) -> None:
    chosen = [(f"imp-{level}", "imp", level, f"IMP {level}") for level in (0.5, 0.8, 0.9, 0.95, 0.98)]
    shades = [from_hex(style.color) for style in theme.styles(chosen, METHODS, mode).values()]
    hue = from_hex(theme.method_colors(METHODS, mode)["imp"]).hue
    steps = np.diff([shade.lightness for shade in shades])
    assert all(abs((shade.hue - hue + 180) % 360 - 180) < 3 for shade in shades)
    assert np.sign(steps).tolist() == [1 if mode == "dark" else -1] * 4  # the sparser, the further from the card
    assert np.abs(steps).min() > 0.07
    assert contrast(to_hex(shades[0]), theme.get(mode).surface) > 2


def test_a_ticket_alone_has_its_methods_colour_whatever_its_sparsity() -> None:
    for level in (0.5, 0.98):
        style = theme.styles([("a", "snip", level, "SNIP")], METHODS, "light")["a"]
        assert style.color == theme.method_colors(METHODS, "light")["snip"]
        assert style.dash == "solid"


def test_a_method_keeps_its_colour_in_every_study() -> None:
    assert theme.method_colors(["imp"], "light")["imp"] == theme.method_colors(METHODS, "light")["imp"]


def test_methods_of_ones_own_take_hues_that_are_free() -> None:
    colours = theme.method_colors(["imp", "mine", "yours", "snip"], "light")
    assert len(set(colours.values())) == 4
    assert len(set(theme.symbols(["imp", "mine", "yours", "snip"]).values())) == 4


def test_more_methods_than_hues_still_get_one_each() -> None:
    names = [f"method{place}" for place in range(30)]
    assert set(theme.method_colors(names, "dark")) == set(theme.symbols(names)) == set(names)


def test_symbols_differ() -> None:
    assert len(set(theme.symbols(METHODS).values())) == len(METHODS)


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the value that WebAIM gives
    assert readable_on("#ffff00") == "#10151d"
    assert readable_on("#00008b") == "#ffffff"


def test_oklch_of_known_colours() -> None:
    red = from_hex("#ff0000")  # from the definition of the space (Ottosson 2020)
    assert (red.lightness, red.chroma, red.hue) == pytest.approx((0.628, 0.2577, 29.23), abs=0.005)
    assert to_hex(Oklch(1, 0, 0)) == "#ffffff"
    for colour in ("#0f5488", "#c2500a", "#123456"):
        assert to_hex(from_hex(colour)) == colour


def test_colours_out_of_reach_keep_lightness_and_hue() -> None:
    found = from_hex(to_hex(Oklch(0.7, 0.4, 200)))
    assert found.lightness == pytest.approx(0.7, abs=0.01)
    assert found.hue == pytest.approx(200, abs=2)
    assert found.chroma < 0.2


@pytest.mark.parametrize("mode", ["light", "dark", "nonsense"])
def test_templates_draw(mode: str) -> None:
    look = theme.get(mode)
    assert look.template.layout.font.size >= 13
    assert look.template.layout.font.color == look.ink


MANY = [*METHODS, "jackpot", "edge_popup", "biprop", "sign_supermask", "early_bird", "rigl", "set", "movement", "gmp",
        "lrr", "iterative"]  # fmt: skip


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("vision", list(VISION))
def test_twenty_methods_are_told_apart(mode: theme.Mode, vision: str) -> None:
    colours = theme.method_colors(MANY, mode)
    distances = [
        np.linalg.norm(seen(colours[one], vision) - seen(colours[other], vision))
        for one, other in combinations(MANY, 2)
    ]
    assert min(distances) > (14 if vision == "normal" else 7)
    assert len(set(theme.symbols(MANY).values())) == len(MANY)
    assert all(contrast(colour, theme.get(mode).surface) >= 3 for colour in colours.values())


def test_what_is_made_from_a_method_looks_like_it() -> None:
    methods = ["dense", "imp", "reordered", "inverted", "snip", "jackpot", "jackpot_again"]
    originals = {"reordered": "imp", "inverted": "imp", "jackpot_again": "jackpot"}
    colours = theme.method_colors(methods, "light", originals)
    for kin, original in originals.items():
        turned = from_hex(colours[kin]).hue - from_hex(colours[original]).hue
        assert abs((turned + 180) % 360 - 180) < 26
        assert np.linalg.norm(seen(colours[kin], "normal") - seen(colours[original], "normal")) > 10
    assert len(set(colours.values())) == len(set(theme.symbols(methods).values())) == len(methods)
    chosen = [(name, name, 0.9, name) for name in methods]
    dashes = {key: style.dash for key, style in theme.styles(chosen, methods, "light", originals).items()}
    assert dashes["imp"] == dashes["snip"] == dashes["jackpot"] == "solid"
    assert len({dashes["imp"], dashes["reordered"], dashes["inverted"]}) == 3


@pytest.mark.parametrize("folder", EVERY, ids=lambda path: path.name)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_methods_of_a_study_are_told_apart_also_controls(mode: theme.Mode, folder: Path) -> None:
    config = read_config(folder / "study.toml")
    methods = [method.title for method in config.methods]
    originals = {method.title: method.of for method in config.methods if isinstance(method.of, str)}
    colours = theme.method_colors(["dense", *methods], mode, originals)
    distances = {
        pair: np.linalg.norm(seen(colours[pair[0]], "normal") - seen(colours[pair[1]], "normal"))
        for pair in combinations(colours, 2)
    }
    assert min(distances.values(), default=99) > 5, min(distances, key=lambda pair: distances[pair])
    assert all(contrast(colour, theme.get(mode).surface) >= 3 for colour in colours.values())


def test_known_controls_keep_their_own_hue() -> None:
    colours = theme.method_colors(["imp", "shuffled"], "light", {"shuffled": "imp"})
    assert colours["shuffled"] == theme.method_colors(METHODS, "light")["shuffled"]


def test_methods_made_from_each_other_in_a_ring_still_get_a_colour() -> None:
    methods = ["one", "other"]
    assert set(theme.method_colors(methods, "dark", {"one": "other", "other": "one"})) == set(methods)


def test_every_symbol_has_an_open_twin() -> None:
    from plotly.validator_cache import ValidatorCache

    known = set(ValidatorCache.get_validator("scatter.marker", "symbol").values)
    names = [f"method{place}" for place in range(40)]
    for symbol in {*theme.symbols(METHODS).values(), *theme.symbols(names).values()}:
        assert {symbol, f"{symbol}-open"} <= known


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_beside_another_study_the_one_that_is_looked_at_keeps_its_looks(mode: theme.Mode) -> None:
    own, other = ["dense", "magnitude", "wanda", "mine"], ["dense", "snip", "magnitude", "theirs", "imp"]
    alone = theme.styles([(name, name, 0.9, name) for name in own], own, mode)
    every = [(name, name, 0.9, name) for name in dict.fromkeys([*other, *own])]
    both = theme.styles(every, [*other, *own], mode, own=own)
    assert {name: both[name] for name in own} == alone
    assert len({style.color for style in both.values()}) == len({style.symbol for style in both.values()}) == len(both)
