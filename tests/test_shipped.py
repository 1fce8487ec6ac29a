"""What shipped stays: ids, masks and weights of the shipped tickets, and the numbers of the shipped tables."""

import json
from pathlib import Path
from typing import Any

import pytest

from pruning.study.folder import Study
from tests.shipped import FILE, REPRODUCTIONS, STUDIES, column_digests, recipe_digest, ticket_digest

BEFORE: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(params=STUDIES, ids=lambda path: path.name)
def folder(request: pytest.FixtureRequest) -> Path:
    """A shipped study's folder."""
    return Path(request.param)


def test_the_study_asks_for_the_tickets_it_shipped_with(folder: Path) -> None:
    study, shipped = Study.open(folder), BEFORE[folder.name]["tickets"]
    asked = {recipe.id for recipe in study.recipes()}
    assert asked <= set(shipped)
    assert {entry.id for entry in [*study.entries(), *study.elsewhere()]} == set(shipped)


def test_a_header_gives_the_id_that_the_file_is_named_for(folder: Path) -> None:
    study = Study.open(folder)
    for entry in [*study.entries(), *study.elsewhere()]:
        assert entry.recipe.id == entry.path.stem


def test_masks_and_weights_are_those_that_shipped(folder: Path) -> None:
    found = {path.stem: ticket_digest(path) for path in sorted((folder / "tickets").glob("*.safetensors"))}
    assert found == BEFORE[folder.name]["tickets"]


def test_tables_hold_the_numbers_that_shipped(folder: Path) -> None:
    """A table may gain columns; those it shipped with stay to the last digit."""
    for table, columns in BEFORE[folder.name]["tables"].items():
        found = column_digests(folder / "results" / table)
        assert {name: found.get(name) for name in columns} == columns, table


def test_every_study_asks_for_the_recipes_it_asked_for() -> None:
    found = {study.name: recipe_digest(study) for study in [*STUDIES, *REPRODUCTIONS]}
    assert found == BEFORE["recipes"]
