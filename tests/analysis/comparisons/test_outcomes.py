import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes, collect

CONDITIONS = [("clean", 0), ("fog", 1), ("snow", 1), ("gaussian_blur", 1), ("fog", 3)]


def outcomes(seeds: int, images: int = 400, names: str = "ab") -> Outcomes:
    rng = np.random.default_rng(1)
    shares = {name: 0.9 - 0.1 * place for place, name in enumerate(names)}
    right = {name: rng.random((seeds, len(CONDITIONS), images)) < share for name, share in shares.items()}
    return Outcomes(CONDITIONS, right)


def test_outcomes_come_back_from_the_table() -> None:
    made = outcomes(seeds=2, images=13)
    rows = [
        (f"{name}{seed}", corruption, severity, 13, (~right[seed, place]).astype(np.uint8).tobytes())
        for name, right in made.right.items()
        for seed in range(2)
        for place, (corruption, severity) in enumerate(CONDITIONS)
    ]
    table = pd.DataFrame(rows, columns=["ticket_id", "corruption", "severity", "n", "offsets"])
    back = collect(table, {"a": ["a0", "a1", "never measured"], "b": ["b0", "b1"], "c": ["c0"]})
    assert back.conditions == CONDITIONS
    assert set(back.right) == {"a", "b"}
    for name in "ab":
        np.testing.assert_array_equal(back.right[name], made.right[name])


def test_nothing_measured_gives_nothing() -> None:
    columns = ["ticket_id", "corruption", "severity", "n", "offsets"]
    back = collect(pd.DataFrame(columns=columns), {"a": ["a0"]})
    assert back == Outcomes([], {})


def test_what_counts_leaves_clean_and_extra_out() -> None:
    assert outcomes(seeds=2).counted == {1: [1, 2], 3: [4]}
