"""What URL parameters mean, and what they cannot break."""

import dataclasses
from urllib.parse import parse_qs, urlencode

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.load import StudyView
from app.shell.codec import encode_samples
from app.shell.parameters import MOST_TICKETS, first_keys, resolve
from app.shell.picker import after, contents
from app.shell.url import LIST

KEYS = ["dense", "snip-50", "snip-90", "imp-50", "imp-90", "shuffled-50", "shuffled-90"]
SAME_VIEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_without_parameters_all_methods_at_ninety_and_the_dense_network(view: StudyView) -> None:
    selection = resolve(view, {}, "light")
    assert selection.keys == ["dense", "snip-90", "imp-90", "shuffled-90"]
    assert selection.baseline is not None
    assert selection.baseline.key == "dense"
    assert (selection.seed, selection.detail, selection.samples, selection.notes) == (0, True, None, [])


def test_the_default_is_the_sparsity_nearest_to_ninety(view: StudyView) -> None:
    assert first_keys(view.tickets[view.tickets["sparsity"] < 0.6]) == ["dense", "snip-50", "imp-50", "shuffled-50"]
    assert first_keys(view.tickets.iloc[:0]) == []


def test_where_few_methods_are_at_ninety_it_is_the_sparsity_of_the_most() -> None:
    """Weights at 80 %, but heads and neurons, which are most methods, at 12.5 and 25 %."""
    rows = [("dense", 0.0), ("weights", 0.8), ("weights", 0.25)]
    rows += [(method, level) for method in ("heads", "neurons", "filters") for level in (0.125, 0.25)]
    tickets = pd.DataFrame(rows, columns=["method", "sparsity"])
    tickets["key"] = [f"{method}-{level}" for method, level in rows]
    found = first_keys(tickets)
    assert found == ["dense-0.0", "weights-0.25", "heads-0.25", "neurons-0.25", "filters-0.25"]
    few = first_keys(tickets[tickets["method"].isin(["dense", "weights", "heads"])])
    assert few == ["dense-0.0", "weights-0.8"]  # one of two


def test_of_many_methods_those_of_the_most_sparsities_are_chosen() -> None:
    """Controls go first, then methods of one sparsity; the others stay in the study's order."""
    methods = {f"m{place}": [0.8, 0.9] if place % 2 == 0 else [0.9] for place in range(20)}
    rows = [("dense", 0.0), *((name, level) for name, levels in methods.items() for level in levels)]
    tickets = pd.DataFrame(rows, columns=["method", "sparsity"])
    tickets["key"] = [f"{method}-{level}" for method, level in rows]
    most = MOST_TICKETS - 1
    assert first_keys(tickets, {"m0": "m2"}) == [
        "dense-0.0", *(f"m{place}-0.9" for place in range(2, 20, 2)[:most])
    ]  # fmt: skip
    assert len(first_keys(tickets)) == MOST_TICKETS


def test_of_many_methods_each_kind_comes_before_the_second_of_one() -> None:
    methods = ["random", "magnitude", "snip", "grasp", "synflow", "taylor", "imp"]
    kinds = dict(zip(methods, ["chance", "trained", "initial", "initial", "initial", "trained", "imp"], strict=True))
    tickets = pd.DataFrame({"method": ["dense", *methods], "sparsity": [0.0, *[0.9] * 7]})
    tickets["key"] = tickets["method"]
    assert first_keys(tickets, kinds=kinds) == ["dense", "random", "magnitude", "snip", "grasp", "imp"]


@SAME_VIEW
@given(
    keys=st.sets(st.sampled_from(KEYS), min_size=1),
    baseline=st.sampled_from(KEYS),
    seed=st.sampled_from([0, 1]),
    samples=st.sets(st.integers(0, 999), min_size=1, max_size=50),
)
def test_a_copied_link_gives_the_same_selection(
    view: StudyView, keys: set[str], baseline: str, seed: int, samples: set[int]
) -> None:
    parameters = {
        "tickets": LIST.join(sorted(keys)),
        "baseline": baseline,
        "seed": str(seed),
        "samples": encode_samples(np.array(sorted(samples))),
    }
    url = urlencode(parameters)
    selection = resolve(view, {name: values[0] for name, values in parse_qs(url).items()}, "dark")
    assert selection.notes == []
    assert selection.keys == [key for key in KEYS if key in keys]
    assert [ticket.id for ticket in selection.tickets] == [f"{key}.{seed}" for key in selection.keys]
    assert selection.baseline is not None
    assert selection.baseline.id == f"{baseline}.{seed}"
    assert selection.samples is not None
    assert selection.samples.tolist() == sorted(samples)


@SAME_VIEW
@given(st.dictionaries(st.sampled_from(["tickets", "baseline", "seed", "samples", "study", "x"]), st.text(max_size=30)))
def test_garbage_in_the_link_ends_in_notes(view: StudyView, parameters: dict[str, str]) -> None:
    selection = resolve(view, parameters, "light")
    assert selection.seed in (0, 1)
    assert set(selection.keys) <= set(KEYS)
    assert all(note.endswith(".") and "\n" not in note for note in selection.notes)


def test_what_is_passed_over_is_named(view: StudyView) -> None:
    selection = resolve(view, {"tickets": "imp-90~imp-91", "seed": "7", "baseline": "best", "samples": "??"}, "light")
    assert selection.keys == ["imp-90"]
    assert len(selection.notes) == 4
    assert "imp-91" in " ".join(selection.notes)
    assert resolve(view, {"tickets": "nothing"}, "light").keys == first_keys(view.tickets)
    assert resolve(view, {"tickets": "none"}, "light").keys == []


def test_a_family_that_lacks_the_seed_is_named(view: StudyView) -> None:
    lacking = view.tickets[view.tickets["ticket_id"] != "imp-90.1"]
    selection = resolve(dataclasses.replace(view, tickets=lacking), {"seed": "1"}, "light")
    assert [ticket.key for ticket in selection.tickets] == ["dense", "snip-90", "shuffled-90"]
    assert selection.notes == ["Not found for seed 1: IMP 90 %."]
    assert not selection.detail


def test_a_ticket_has_one_colour_for_all_seeds_and_keeps_it_when_others_leave(view: StudyView) -> None:
    both = resolve(view, {"tickets": "imp-90~snip-90"}, "light")
    alone = resolve(view, {"tickets": "imp-90"}, "light")
    assert both.styles["imp-90.0"] == both.styles["imp-90.1"] == alone.styles["imp-90.0"]
    assert both.styles["imp-90.0"].color != both.styles["snip-90.0"].color


def test_a_study_without_a_dense_network_compares_with_its_first_ticket(view: StudyView) -> None:
    pruned = view.tickets[view.tickets["method"] != "dense"].reset_index(drop=True)
    selection = resolve(dataclasses.replace(view, tickets=pruned), {}, "light")
    assert selection.baseline is not None
    assert selection.baseline.key == "snip-50"


def test_all_seeds_of_the_chosen_tickets(view: StudyView) -> None:
    rows = resolve(view, {"tickets": "imp-90"}, "light").all_seeds()
    assert isinstance(rows, pd.DataFrame)
    assert rows["ticket_id"].tolist() == ["imp-90.0", "imp-90.1"]


def test_the_picker_switches_one_a_sparsity_or_a_method(view: StudyView) -> None:
    assert after(view, ["dense", "imp-90"], {"key": "snip-50"}) == ["dense", "snip-50", "imp-90"]
    assert after(view, ["dense", "imp-90"], {"key": "imp-90"}) == ["dense"]
    assert after(view, ["imp-90"], {"level": 0.5}) == ["dense", "snip-50", "imp-50", "shuffled-50"]
    assert after(view, ["snip-90"], {"method": "imp"}) == ["dense", "imp-50", "imp-90"]
    assert after(view, ["snip-90"], {"method": "dense"}) == ["dense"]


def test_the_picker_shows_each_cell_that_a_filter_would_find(view: StudyView) -> None:
    selection = resolve(view, {"tickets": "imp-90~snip-50"}, "dark")
    shown = contents(selection)
    for row in shown["rows"]:
        for level, cell in zip(shown["levels"], row["cells"], strict=True):
            tickets = view.tickets
            match = tickets[tickets["method"].eq(row["method"]) & tickets["sparsity"].eq(level["value"])]
            assert (cell is None) == match.empty
            if cell is not None:
                ticket = match.iloc[0]
                assert (cell["key"], cell["label"]) == (ticket["key"], ticket["label"])
                assert cell["on"] == (ticket["key"] in selection.keys)
                if cell["on"]:
                    assert cell["color"] == selection.styles[ticket["ticket_id"]].color


def test_the_picker_shows_what_is_chosen_and_what_is_missing(view: StudyView) -> None:
    found = view.tickets[view.tickets["key"] != "snip-50"]
    shown = contents(resolve(dataclasses.replace(view, tickets=found), {"tickets": "imp-90"}, "light"))
    assert [level["text"] for level in shown["levels"]] == ["0", "50", "90"]
    rows = {row["method"]: row["cells"] for row in shown["rows"]}
    assert rows["snip"][:2] == [None, None]
    assert [cell and cell["on"] for cell in rows["imp"]] == [None, False, True]
    assert [cell and cell["label"] for cell in rows["dense"]] == ["Dense", None, None]
