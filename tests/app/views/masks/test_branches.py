"""What was tried by hand, as a tree."""

from app.shell import theme
from app.views.masks.branches import Branches
from app.views.masks.by_sliders import rows
from app.views.masks.charts.branches import branches


def tried() -> Branches:
    """Two steps, back one and on twice, and a third way from the beginning."""
    found = Branches()
    found.move({"a": 0.5}, "magnitude")
    found.move({"a": 0.5, "b": 0.5}, "magnitude")
    found.go(1)
    found.move({"a": 0.6}, "magnitude")
    found.move({"a": 0.7}, "magnitude")
    found.go(0)
    found.move({"c": 0.1}, "magnitude")
    return found


def test_who_goes_back_and_on_begins_a_branch() -> None:
    found = tried()
    assert [state.parent for state in found.states] == [None, 0, 1, 1, 3, 0]
    assert found.places() == [(0, 0), (1, 0), (2, 0), (2, 1), (3, 1), (1, 2)]
    assert found.current == 5
    found.go(0)
    found.move({"a": 0.5}, "magnitude")  # which was tried before
    assert (found.current, len(found.states)) == (1, 6)
    found.move({"a": 0.5}, "magnitude")
    assert found.current == 1
    found.go(17)
    assert found.current == 1


def test_another_criterion_is_another_state_unless_nothing_is_removed() -> None:
    found = Branches()
    found.move({}, "synflow")
    assert len(found.states) == 1
    found.move({"a": 0.5}, "magnitude")
    found.states[1].accuracies = {"Clean": 0.929}
    found.move({"a": 0.5}, "synflow")
    assert [(state.criterion, state.parent) for state in found.states] == [("", None), ("magnitude", 0), ("synflow", 1)]
    assert found.states[1].accuracies == {"Clean": 0.929}
    assert rows(found)["criterion"].tolist() == ["Magnitude"]
    found.states[2].accuracies = {"Clean": 0.198, "Contrast 3": 0.1}
    names, points = branches(found, ["Clean", "Contrast 3"], theme.get("light")).data[-2:]
    assert list(names.text) == ["Magnitude", "SynFlow"]
    assert "chosen by Magnitude<br>Clean: 92.9 %<br>Contrast 3: not looked at yet" in points.hovertext[1]
    assert "chosen by SynFlow<br>Clean: 19.8 %<br>Contrast 3: 10.0 %" in points.hovertext[2]


def test_the_tree_is_drawn_with_the_state_looked_at() -> None:
    found = tried()
    found.states[5].accuracies = {"Clean": 0.913, "Fog 3": 0.5}
    chart = branches(found, ["Clean", "Fog 3"], theme.get("light"))
    *lines, points = chart.data
    assert len(lines) == 5
    assert list(points.customdata) == list(range(6))
    assert points.text[5] == "91.3"
    assert "Fog 3: 50.0 %" in points.hovertext[5]
    assert points.marker.color[5] != points.marker.color[0]
