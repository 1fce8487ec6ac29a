"""The maps: every sample is one point in its ticket's column, in the colour that it should have."""

import re

import numpy as np
import pandas as pd
import pytest

from analysis.metrics.planes import Line
from app.views.geometry.charts import features
from tests.app.views.geometry.made import CLASSES, LIGHT, TICKETS, colours_of, points, samples


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    places = rng.normal(size=(2, len(frame)))
    shares = dict.fromkeys(("recall", "trustworthiness", "continuity", "shared"), rng.uniform(size=len(frame)))
    return frame.assign(x=places[0], y=places[1], **shares)


NOTES = {"a": "trust 0.910 · recall 0.48", "b": "not mapped"}


@pytest.mark.parametrize("colouring", features.COLOURINGS)
@pytest.mark.parametrize("kind", features.MAPS)
def test_maps_print_how_far_to_trust_them_and_share_axes_where_places_can_be_compared(
    kind: str, colouring: str
) -> None:
    frame = placed(samples())
    figure = features.maps(frame, NOTES, TICKETS, CLASSES, LIGHT, kind, colouring, chosen=[2, 0])
    text = " ".join(note.text for note in figure.layout.annotations)
    assert "trust 0.910 · recall 0.48" in text
    assert "not mapped" in text
    assert (figure.layout.xaxis2.matches == "x") == (kind in ("umap_joint", "classes"))
    if kind == "classes":
        assert figure.layout.xaxis.title.text == "distance to the boundary: zero | two"
    for trace in points(figure):
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours_of(trace))


def test_corrupted_images_lie_over_the_clean_ones_with_an_arrow_a_class() -> None:
    frame = placed(samples())
    frame = frame.assign(x_clean=frame["x"] + 5, y_clean=frame["y"])
    figure = features.maps(frame, NOTES, TICKETS, CLASSES, LIGHT, "umap")
    ghosts = [trace for trace in figure.data if trace.mode == "markers" and not trace.meta]
    own = frame[frame["ticket_id"] == "a"]
    np.testing.assert_allclose(sorted(ghosts[0].x), sorted(own["x_clean"]))
    arrows = [note for note in figure.layout.annotations if note.showarrow and note.xref == "x"]
    assert len(arrows) == 3
    middles = own.groupby("label")[["x", "y", "x_clean"]].median()
    np.testing.assert_allclose([arrow.x for arrow in arrows], middles["x"])
    np.testing.assert_allclose([arrow.ax for arrow in arrows], middles["x_clean"])
    low, high = figure.layout.xaxis.range
    assert low <= own[["x", "x_clean"]].to_numpy().min()
    assert high >= own[["x", "x_clean"]].to_numpy().max()


def test_decision_lines_lie_where_their_equation_says() -> None:
    line = Line(0, 1, np.array([0.6, 0.8]), 0.5)
    figure = features.maps(
        placed(samples()), NOTES, TICKETS, CLASSES, LIGHT, "classes", lines={"a": [line]}, chosen=[0, 1]
    )
    drawn = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(drawn) == 1
    np.testing.assert_allclose(0.6 * np.array(drawn[0].x) + 0.8 * np.array(drawn[0].y), 0.5, atol=1e-9)
    ends = figure.layout.xaxis.range
    assert min(drawn[0].x) < ends[0]
    assert max(drawn[0].x) > ends[1]


def test_map_colours_say_what_they_should() -> None:
    frame = placed(samples())
    frame["label"] = frame["label"].astype(np.int16)

    def colours(colouring: str) -> tuple[list[str], pd.DataFrame]:
        trace = points(features.maps(frame, NOTES, TICKETS, CLASSES, LIGHT, "pca", colouring))[0]
        own = frame[frame["ticket_id"] == "a"].set_index("sample").loc[trace.customdata]
        return colours_of(trace), own

    found, own = colours("class")
    assert found == [LIGHT.classes[label] for label in own["label"]]
    found, own = colours("correct")
    right = own["label"] == own["prediction"]
    assert found == [LIGHT.good if good else LIGHT.bad for good in right]
    found, own = colours("margin")
    assert found[int(np.argmax(own["margin"].fillna(-9)))] == LIGHT.diverging[-1][1]
    by_margin = [colour for _, colour in sorted(zip(own["margin"].fillna(0), found, strict=True))]
    assert by_margin[0] != by_margin[-1]
    assert len(set(by_margin)) > 10


@pytest.mark.parametrize("rows", [0, 1])
def test_maps_of_almost_nothing_are_drawn(rows: int) -> None:
    figure = features.maps(placed(samples().iloc[:rows]), NOTES, TICKETS, CLASSES, LIGHT, "umap")
    assert len(points(figure)) == 2
    figure.to_json()
