"""Attribution on the page Geometry: the panels, their colours, the sentence, and what there is nothing to show of."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.attribution import Attribution, Way
from analysis.comparisons.ticket_attribution import TicketMaps
from app.shell import layout, theme
from app.shell.codec import encode_samples
from app.shell.columns import describe
from app.shell.theme import Style
from app.views.geometry.attribution_words import answer, note, taken_for
from app.views.geometry.charts.attribution import Panel, Row, maps, over_picture, scale_limit
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

STYLES = {"a": Style("Ticket a", "#336699", "circle"), "b": Style("Ticket b", "#cc5500", "square")}
SIZE = (8, 8)


def row(title: str, size: tuple[int, int] = SIZE, channels: int = 1, frame: bool = True) -> Row:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (channels, *size)).astype(np.uint8)
    panels = [Panel(key, rng.normal(size=size), rng.random(size) < 0.5, "gap 3°") for key in STYLES]
    return Row(title, image, panels, (2, 3, 2, 2) if frame else None)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_panel_a_ticket_and_a_row_a_condition_in_one_scale(mode: str) -> None:
    rows = [row("Clean", frame=False), row("Fog 4")]
    figure = maps(rows, STYLES, theme.get(mode), "°", "°")
    pictures = [trace for trace in figure.data if trace.type == "image"]
    readable = [trace for trace in figure.data if trace.type == "heatmap"]
    assert (len(pictures), len(readable)) == (6, 4)
    np.testing.assert_allclose(readable[0].z, rows[0].panels[0].effect)
    assert figure.layout.coloraxis.cmax == -figure.layout.coloraxis.cmin
    assert figure.layout.coloraxis.cmax == scale_limit([panel.effect for each in rows for panel in each.panels])
    assert len(figure.layout.shapes) == 2  # the frame, under the condition of the answer
    assert {shape.xref for shape in figure.layout.shapes} == {"x5", "x6"}
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (2.5, 4.5, 1.5, 3.5)


def test_a_large_image_is_read_in_blocks() -> None:
    figure = maps([row("Clean", (224, 150), channels=3)], STYLES, theme.get("light"), "°", "°")
    readable = next(trace for trace in figure.data if trace.type == "heatmap")
    assert np.shape(readable.z) == (32, 22)
    effect = row("Clean", (224, 150), channels=3).panels[0].effect
    assert readable.z[1][2] == pytest.approx(effect[7:14, 14:21].mean())
    assert readable.x[0] == 3
    assert readable.x[-1] == np.mean([147, 148, 149])


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_what_is_within_noise_is_paler_and_nothing_is_the_picture(mode: str) -> None:
    colours = theme.get(mode)
    effect = np.array([[2.0, -2.0, 0.0, np.nan]] * 2)
    beyond = np.array([[True] * 4, [False] * 4])
    drawn = over_picture(np.zeros((1, 2, 4), np.uint8), effect, beyond, 2.0, colours).astype(int)
    plain = over_picture(np.zeros((1, 2, 4), np.uint8), np.zeros((2, 4)), beyond, 2.0, colours).astype(int)
    apart = np.abs(drawn - plain).sum(axis=0)
    assert (apart[0, :2] > 2 * apart[1, :2]).all()
    assert (apart[1, :2] > 0).all()
    assert (apart[:, 2:] == 0).all()
    blue, orange = drawn[:, 0, 0], drawn[:, 0, 1]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]


def test_nothing_at_all_has_a_scale() -> None:
    assert scale_limit([np.zeros((2, 2))]) == 1
    assert scale_limit([np.full((2, 2), np.nan)]) == 1
    assert scale_limit([]) == 1


def maps_of(hidden: np.ndarray, seeds: int = 2, noise: float = 0.0) -> TicketMaps:
    """Two tickets; `hidden` [2, P], the gap that is lost with each of 9 patches, the same for all seeds."""
    rng = np.random.default_rng(0)
    each = np.repeat(hidden, seeds, axis=0)
    lost = np.stack([each, each], axis=1) + noise * rng.normal(size=(2 * seeds, 2, 9))
    pixels = np.repeat(np.repeat(lost.reshape(-1, 2, 3, 3), 2, axis=2), 2, axis=3)
    found = Attribution(np.ones((2 * seeds, 2)), pixels, lost, np.ones((2 * seeds, 2)), np.arange(2 * seeds) // seeds)
    places = {"a": dict(enumerate(range(seeds))), "b": dict(enumerate(range(seeds, 2 * seeds)))}
    return TicketMaps([found], places, "a")


def said(found: TicketMaps, measure: str = "gap", way: Way | None = None) -> str:
    table = found.table(measure)
    return answer(found, measure, way or Way(patch=2, stride=2), (6, 6), "this 8", table, STYLES)


def test_the_sentence_says_what_hiding_does_and_no_more_than_the_test() -> None:
    hidden = np.array([[9.0] + [0.0] * 8, [21.0] + [0.0] * 8])
    words = said(maps_of(hidden))
    assert (
        "patch at the **upper left** (framed) turns this 8 away from its class by **21.0°** in Ticket b, by **9.0°**"
        in words
    )
    under = answer(maps_of(hidden), "gap", Way(patch=2, stride=2), (6, 6), "this 8", maps_of(hidden).table("gap"),
                   STYLES, "Under **Fog 4**: ")  # fmt: skip
    assert under.startswith("Under **Fog 4**: hiding the patch at")
    assert "is shown to lean" not in words  # without noise nothing can be tested
    noisy = said(maps_of(hidden, seeds=3, noise=0.5))
    assert "by seed)" in noisy
    assert "No ticket is shown to lean on other pixels than Ticket a" in noisy
    elsewhere = np.array([[9.0] + [0.0] * 8, [0.0] * 8 + [21.0]])
    claimed = said(maps_of(elsewhere, seeds=3, noise=0.5))
    assert "**Ticket b leans on other pixels than Ticket a** (p < 0.001, of methods)" in claimed
    assert "shortens the feature of this 8 by **21.0 %**" in said(maps_of(hidden), "length")


def test_the_sentence_where_nothing_is_lost_or_hidden_or_known() -> None:
    assert "No patch of this 8 adds to the gap" in said(maps_of(-np.ones((2, 9))))
    towards = said(maps_of(np.array([[-3.0] * 9, [4.0] + [0.0] * 8])))
    assert "and turns it towards it by **3.0°** in Ticket a" in towards
    whole = said(maps_of(np.array([[9.0] * 9, [4.0] * 9]), seeds=3), way=Way("integrated"))
    assert whole.startswith("All pixels of this 8 together add **1.0°** to the gap in Ticket b, **1.0°** in Ticket a.")
    assert "add" not in said(maps_of(np.array([[9.0] * 9, [4.0] * 9])), way=Way("gradient"))
    one = said(maps_of(np.array([[1.0] * 9, [4.0] * 9]), seeds=1))
    assert "One training of each" in one
    assert "by seed" not in one


FOG = {"geometry": "attribution", "corruption": "brightness", "severity": "3"}


def test_the_section_is_drawn_and_its_columns_have_meanings(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header, given = layout.header, {}

    def watched(title: str, data: pd.DataFrame, key: str, *rest: object, **options: object) -> None:
        rows = data() if callable(data) else data
        given[key] = rows, describe(rows.columns, options.get("meanings"))  # type: ignore[arg-type]
        header(title, data, key, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(layout, "header", watched)
    test = draw("geometry", tiny_study, monkeypatch, **FOG)
    assert charts(test) == 1
    assert "lean on other pixels" in text(test)
    assert "pale where the 95 % interval over seeds" in text(test)
    assert not test.error
    assert test.dataframe[0].value["ticket"].tolist()[0] == "Dense"
    assert given.keys() == {"attribution", "attribution-table"}
    for rows, meanings in given.values():
        assert set(rows.columns) == set(meanings)
    pixels, _ = given["attribution"]
    assert len(pixels) == 2 * 4 * 64  # conditions, tickets, pixels


@pytest.mark.parametrize(
    "more",
    [
        {"attribution-shown": "against", "attribution-of": "length"},
        {"attribution-by": "integrated", "attribution-fill": "mean", "sample": "7"},
        {"attribution-by": "gradient", "seed": "1", "sample": "99999"},
        {"tickets": "dense", "corruption": "clean", "attribution-shown": "against"},
        {"samples": encode_samples(np.arange(9)), "attribution-images": "marked", "attribution-patch": "4"},
    ],
)
def test_every_way_of_looking_leaves_a_chart(
    more: dict[str, str], tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("geometry", tiny_study, monkeypatch, **{**FOG, **more})
    assert charts(test) == 1
    assert not test.error


def test_the_mean_of_marked_images_is_of_one_class(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = {"samples": encode_samples(np.arange(40)), "attribution-images": "marked"}
    test = draw("geometry", tiny_study, monkeypatch, **FOG, **marked)
    assert "images of" in text(test)
    assert "Means over" in text(test)
    assert test.button_group(key="pick attribution-class").options


def test_without_tickets_it_says_so(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch, geometry="attribution", tickets="none")
    assert "No ticket is chosen" in text(test)
    assert charts(test) == 0


def test_what_seeds_take_an_image_for() -> None:
    assert taken_for(np.array([1, 1]), ["cat", "dog"]) == "dog"
    assert taken_for(np.array([1, 0, 1]), ["cat", "dog"]) == "dog (2 of 3), cat (1 of 3)"
    found = maps_of(np.zeros((2, 9)), seeds=2)  # ticket a takes it for class 0, ticket b for class 1
    assert note(found, "a", "gap", label=0) == "gap 1°"
    assert note(found, "b", "gap", label=0) == "gap 1° ✗"
    assert note(found, "b", "length", label=1) == "length 1.0"
    found.found[0].whole[:] = np.nan
    assert note(found, "a", "gap", label=0) == "nothing to turn"
