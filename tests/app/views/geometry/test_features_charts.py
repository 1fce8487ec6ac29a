"""The maps: every sample is one point in its ticket's column, in the colour that it should have."""

import re

import numpy as np
import pandas as pd
import pytest

from app.views.geometry.charts import features
from tests.app.views.geometry.made import CLASSES, LIGHT, TICKETS, colours_of, points, samples


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    places = rng.normal(size=(2, len(frame)))
    return frame.assign(x=places[0], y=places[1])


QUALITY = pd.DataFrame({"trustworthiness": [0.91, 0.72], "recall": [0.48, np.nan]}, index=["a", "b"])


@pytest.mark.parametrize("colouring", features.COLOURINGS)
@pytest.mark.parametrize("kind", features.MAPS)
def test_maps_print_trustworthiness_with_recall_and_share_axes_only_when_joint(kind: str, colouring: str) -> None:
    frame = placed(samples())
    figure = features.maps(frame, QUALITY, TICKETS, CLASSES, LIGHT, kind, colouring)
    text = " ".join(note.text for note in figure.layout.annotations)
    assert "trustworthiness 0.910 · 15-NN recall 0.48" in text
    assert "trustworthiness 0.720" in text
    assert "nan" not in text
    assert (figure.layout.xaxis2.matches == "x") == (kind == "umap_joint")
    for trace in points(figure):
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours_of(trace))


def test_map_colours_say_what_they_should() -> None:
    frame = placed(samples())
    frame["label"] = frame["label"].astype(np.int16)

    def colours(colouring: str) -> tuple[list[str], pd.DataFrame]:
        trace = points(features.maps(frame, QUALITY, TICKETS, CLASSES, LIGHT, "pca", colouring))[0]
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
    figure = features.maps(placed(samples().iloc[:rows]), QUALITY, TICKETS, CLASSES, LIGHT, "umap")
    assert len(points(figure)) == 2
    figure.to_json()
