"""A study's folder: what counts as found."""

from pathlib import Path

import pytest

from pruning.errors import UserError
from pruning.study.folder import TICKETS, Study


def test_a_ticket_under_the_name_of_another_is_not_found_and_is_named(study_copy: Path) -> None:
    first, second = sorted((study_copy / TICKETS).iterdir())[:2]
    second.write_bytes(first.read_bytes())
    study = Study.open(study_copy)
    entries, (problem,) = study.scan()
    assert second.stem not in {entry.id for entry in entries}
    assert first.stem in {entry.id for entry in entries}
    assert str(second) in problem
    assert f"holds ticket {first.stem}" in problem
    with pytest.raises(UserError, match=f"holds ticket {first.stem}"):
        study.load(second.stem)
