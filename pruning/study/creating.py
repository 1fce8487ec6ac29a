"""Writes the study.toml of a study that is made in Python."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pruning.data import Dataset, load_data
from pruning.data.stored import write
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.models import check_name
from pruning.study.config import RECORDED, StudyConfig, expand
from pruning.training.config import Training
from pruning.validation import validate

FOLDER = "data"
"""Of a study, for images that nothing else has."""


def write_study(file: Path, data: Dataset | str, said: Mapping[str, Any]) -> None:
    """Write a study file, and beside it the images of a data set that is at hand.

    Args:
        file: the study.toml.
        data: a data set, or the name of one.
        said: its other keys, as `StudyConfig` has them; `method` may be called `methods`.

    Raises:
        UserError: there is a study already, or the keys say something that is not allowed; nothing is written then.
        WriteError: the disk will not take it.
    """
    if file.exists():
        raise UserError(f"There is a study at {file} already; open it with Study.open, or take another folder.")
    keys = {"title": file.parent.resolve().name, "model": RECORDED, **said}
    keys = {"method" if key == "methods" else key: _plain(value) for key, value in keys.items() if value is not None}
    if isinstance(data, str):
        load_data(data)
    elif not isinstance(data, Dataset):
        raise UserError(
            f"Give the study's images as a data set, such as Dataset.from_loader(train, test), or the name of one, not "
            f"as a {type(data).__name__}."
        )
    if keys["model"] != RECORDED:
        check_name(str(keys["model"]))
    expand(validate(StudyConfig, {**keys, "data": data if isinstance(data, str) else data.name}, str(file)), str(file))
    name = data if isinstance(data, str) else write(data, file.parent / FOLDER)
    write_atomically(file, _toml({**keys, "data": name}))


def _plain(value: Any) -> Any:
    """A value of the kinds that TOML knows."""
    if isinstance(value, Training):
        return value.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, (list, tuple, range)):
        return [_plain(each) for each in value]
    return value.item() if hasattr(value, "item") else str(value) if isinstance(value, Path) else value


def _toml(keys: Mapping[str, Any]) -> str:
    """A study file: what is no table first, then tables, then the methods."""
    tables = {key: value for key, value in keys.items() if isinstance(value, dict)}
    lines = [f"{key} = {toml_value(value)}" for key, value in keys.items() if key not in {*tables, "method"}]
    for heading, table in (*tables.items(), *(("[method]", each) for each in keys.get("method", ()))):
        lines += ["", f"[{heading}]", *(f"{_key(key)} = {toml_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:
    """What a study.toml says for a value."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {toml_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_value(key)
