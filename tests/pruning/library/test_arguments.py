"""Wrong arguments of any public function: one sentence, and no error of Python's own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from analysis import record, robustness
from analysis.corruptions import corrupt
from pruning import Dataset, Study, UserError, features, prune, register_data, score
from pruning.errors import nearest

X, Y = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(1)), torch.arange(8) % 4
IMAGES = torch.zeros(8, 3, 8, 8, dtype=torch.uint8)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))


def odd(value: Any) -> Any:
    """What is of another type than it is to be."""
    return value


def pruned(criterion: Any = "magnitude", sparsity: Any = 0.5, **given: Any) -> Callable[[], object]:
    return lambda: prune(network(), criterion, sparsity, **given)


def evaluated(*given: Any, model: Any = None, labels: Any = Y, **more: Any) -> Callable[[], object]:
    return lambda: robustness.evaluate({"mine": model or network()}, IMAGES, labels, *(given or (["fog"], [1])), **more)


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "sparsity text": (pruned(sparsity="0.5"), "`sparsity` is a number"),
    "sparsity tensor": (pruned(sparsity=torch.tensor([0.5, 0.5])), "`sparsity` is a number"),
    "rounds 0": (pruned("snip", data=(X, Y), rounds=0), "`rounds` is a whole number of at least 1"),
    "rounds -1": (pruned("snip", data=(X, Y), rounds=-1), "`rounds` is a whole number"),
    "rounds 2.5": (pruned("snip", data=(X, Y), rounds=2.5), "`rounds` is a whole number"),
    "rounds text": (pruned("snip", data=(X, Y), rounds="3"), "`rounds` is a whole number"),
    "images -1": (pruned("snip", data=(X, Y), images=-1), "`images` is a whole number"),
    "images 0": (lambda: score(network(), "magnitude", images=0), "`images` is a whole number"),
    "images of features": (lambda: features(network(), (X, Y), images=-5), "`images` is a whole number"),
    "images True": (lambda: features(network(), (X, Y), images=True), "`images` is a whole number"),
    "shape number": (pruned("synflow", shape=32), "`shape` is that of one input"),
    "shape text": (pruned("synflow", shape="3x8x8"), "`shape` is that of one input"),
    "shape negative": (pruned("synflow", shape=(3, -8, 8)), "`shape` is that of one input"),
    "exclude number": (pruned(exclude=3), "`exclude` is a name or several"),
    "exclude numbers": (pruned(exclude=[3]), "`exclude` is a name or several"),
    "allocation": (pruned(allocation=3), "Unknown allocation '3'"),
    "granularity": (pruned(granularity=4), "Unknown structure '4'"),
    "seed": (pruned("random", seed="a"), "`seed` is a whole number"),
    "classifier": (pruned(classifier=None), "`classifier` is True or False, or the name"),
    "no scores": (pruned(lambda model, context: {}), "gives no scores"),
    "complex scores": (
        pruned(lambda model, context: {n: w.detach() * 1j for n, w in context.weights(model).items()}),
        "complex numbers",
    ),
    "labels texts": (pruned("snip", data=(X, np.array(["a"] * 8))), "Inputs and labels are to be numbers"),
    "other channels": (lambda: features(network(), [(X, Y), (X[:, :1], Y)]), r"inputs of shape \(1, 8, 8\)"),
    "severity 9": (evaluated(["fog"], [9]), "Severity 9 does not exist"),
    "severity 0": (evaluated(["fog"], [0]), "Severity 0 does not exist"),
    "severity 1.5": (evaluated(["fog"], [1.5]), "Severity 1.5 does not exist"),
    "severity 1.0": (evaluated(["fog"], [1.0]), "Severity 1.0 does not exist"),
    "severity text": (evaluated(["fog"], ["1"]), "Severity '1' does not exist"),
    "severity among others": (evaluated(["fog"], [3, 9]), "Severity 9 does not exist"),
    "severities None": (evaluated(["fog"], None), "`severities` as a list"),
    "corruptions None": (evaluated(None, [1]), "`corruptions` as a list"),
    "too few rows": (evaluated(model=lambda images: torch.zeros(min(3, len(images)), 4)), "3 rows of logits"),
    "batch text": (evaluated(batch_size="a"), "batch size must be a whole number"),
    "batch 2.5": (evaluated(batch_size=2.5), "batch size must be a whole number"),
    "corrupted list": (evaluated(corrupted=[IMAGES]), "Give `corrupted` as"),
    "labels texts there": (evaluated(labels=np.array(["a"] * 8)), "Labels must be whole numbers"),
    "conditions names": (lambda: robustness.iterate({"a": network()}, IMAGES, Y, odd(["fog"])), "such as .'fog', 3."),
    "conditions text": (
        lambda: robustness.iterate({"a": network()}, IMAGES, Y, odd("fog")),
        "Give conditions as a list",
    ),
    "corrupt float": (lambda: corrupt(IMAGES, "fog", odd(1.0)), "Severity 1.0 does not exist"),
    "corrupt name": (lambda: corrupt(IMAGES, odd(3), 1), "3"),
    "study": (lambda: Study.open(odd(3)), "Give a study by its folder"),
    "study of record": (lambda: record(3, "a", network(), (X, Y)), "Give a study by its folder"),
    "data name": (lambda: register_data(odd(3))(lambda: None), "a text as its name"),
    "layout": (lambda: Dataset.from_arrays(IMAGES, Y, name="odd layout", layout=odd("XX")), '`layout` is "NCHW"'),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_is_one_sentence(wrong: str) -> None:
    call, sentence = WRONG[wrong]
    with pytest.raises(UserError, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_what_is_like_a_number_is_one() -> None:
    assert prune(network(), "magnitude", odd(torch.tensor(0.5))).sparsity == prune(network(), "magnitude", 0.5).sparsity
    assert (
        prune(network(), "snip", odd(np.float32(0.5)), (X, Y), rounds=odd(np.int64(2)), exclude=odd(None)).sparsity
        == 0.5
    )
    assert len(features(network(), (X, Y), images=odd(np.int64(3))).labels) == 3
    found = robustness.evaluate({"mine": network()}, IMAGES, Y, "fog", odd(np.int64(2)))
    assert set(found["severity"]) == {0, 2}


def test_a_name_that_is_no_text_has_a_nearest_one() -> None:
    assert nearest(odd(3), ["three"]) is None
