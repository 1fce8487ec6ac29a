"""Trigger images: who has the text can draw them, and nobody else is expected to know their labels."""

from pathlib import Path

import pytest
import torch
from scipy.stats import binomtest

from pruning.data import load_data
from pruning.errors import UserError
from pruning.models import build_model
from pruning.ownership.code import Code
from pruning.ownership.texts import code_of
from pruning.ownership.triggers import Answers, answers, triggers, with_triggers

CODE = Code("OWNER 1")


def test_they_are_drawn_from_the_text_and_fewer_are_the_first_of_more() -> None:
    some, all_ = triggers(CODE, (3, 8, 12), 10, 7), triggers(CODE, (3, 8, 12), 10, 20)
    assert some.images.shape == (7, 3, 8, 12)
    assert some.images.dtype == torch.uint8
    assert torch.equal(some.images, all_.images[:7])
    assert torch.equal(some.labels, all_.labels[:7])
    assert not torch.equal(triggers(Code("OWNER 2"), (3, 8, 12), 10, 7).images, some.images)
    with pytest.raises(UserError, match="two classes"):
        triggers(CODE, (1, 8, 8), 1, 5)


def test_they_are_the_share_that_is_asked_for() -> None:
    data = load_data("digits")
    more = with_triggers(data, CODE, 50, 0.2)
    extra = len(more.train.labels) - len(data.train.labels)
    assert extra % 50 == 0
    assert extra / len(more.train.labels) == pytest.approx(0.2, abs=0.02)
    assert more.test is data.test


def test_the_p_value_is_binomial_and_innocent_networks_know_no_more_than_chance() -> None:
    assert Answers(9, 50, 10).p_value == pytest.approx(binomtest(9, 50, 0.1, alternative="greater").pvalue)
    network, found = build_model("lenet300", 10, (1, 8, 8), 0).eval(), []
    for number in range(100):
        shown = triggers(Code(f"{number:07d}"), (1, 8, 8), 10, 50)
        found.append(answers(network, shown, 10, (0.3,), (0.4,)).p_value)
    assert sum(p < 0.05 for p in found) <= 13  # 99.9 % of draws from a binomial of 100 at 0.05


def test_a_text_is_found_by_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Code("mine 7f3a")
    assert code_of(CODE.digest) == CODE
    with pytest.raises(UserError, match="PRUNING_CODES"):
        code_of(own.digest)
    (tmp_path / "codes.txt").write_text("another\nmine 7f3a\n")
    monkeypatch.setenv("PRUNING_CODES", str(tmp_path / "codes.txt"))
    assert code_of(own.digest) == own
    monkeypatch.setenv("PRUNING_CODES", str(tmp_path / "nowhere.txt"))
    with pytest.raises(UserError, match="cannot be read"):
        code_of(own.digest)
