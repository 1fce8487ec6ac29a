"""What is added to a study file that is there: methods, and sparsities of those it has; all else stays as it was.

The text is changed and not written anew, so that comments stay. What the changed text says is compared with what it
should say, and where the two differ nothing is written.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pruning.criteria import CRITERIA
from pruning.errors import UserError
from pruning.files import LOCK, alone_in, write_atomically
from pruning.finders.options import Control
from pruning.procedure import FINDERS
from pruning.study.config import DENSE, StudyConfig, expand, usual_sparsity
from pruning.study.creating import toml_value
from pruning.study.folder import Study
from pruning.study.opened import refuse_writing
from pruning.study.template import prunes
from pruning.validation import validate

HEADER = re.compile(r"^\s*\[\[\s*method\s*\]\]")
NEXT = re.compile(r"^\s*\[")
KEY = re.compile(r"^\s*sparsities\s*=")
PATIENCE = 10.0  # seconds that one who adds waits for another


@dataclass(frozen=True)
class Asked:
    """A study file that asks for more than before.

    Attributes:
        text: all that is in it then.
        methods: the names of the methods that are asked for, old and new.
        lines: of TOML, what is new, to be shown.
    """

    text: str
    methods: tuple[str, ...]
    lines: str


def add_method(study: Study, lines: str) -> None:
    """Write a `[[method]]` at the end of the study's file.

    Args:
        study: one of the user's own.
        lines: of TOML, beginning with `[[method]]`.

    Raises:
        UserError: the file would be no study any more, has a method of that name, or may not be written.
    """
    with _alone(study):
        _write(study, f"{_text(study).rstrip()}\n\n{lines.strip()}\n")


def ask(study: Study, ways: Iterable[str], sparsities: Sequence[float]) -> Asked:
    """Have the study's file, as it is now, say what `asked_at` gives. Raises UserError as that and `add_method`."""
    with _alone(study):
        asked = asked_at(study, ways, sparsities)
        if asked.lines:
            _write(study, asked.text)
    return asked


@contextmanager
def _alone(study: Study) -> Iterator[None]:
    """Hold the study's file from its reading to its writing, so that nothing that others add meanwhile is lost."""
    refuse_writing(study.path)
    file = study.source
    if not os.access(file, os.W_OK):
        raise UserError(f"{file} may not be written; copy the study and add the method there.")
    busy = f"Something else is being added to {file}; try again."
    with alone_in(file.parent, busy, f".{file.name}{LOCK}", PATIENCE):
        yield


def _write(study: Study, text: str) -> None:
    expand(_config(text, study.source), str(study.source))
    write_atomically(study.source, text)


def asked_at(study: Study, ways: Iterable[str], sparsities: Sequence[float]) -> Asked:
    """What the study's file is to say to be pruned to these sparsities too.

    Args:
        study: what it is on; its file is read again.
        ways: names of methods that it has, or of criteria and finders (`ways_to_prune`), which become methods.
        sparsities: fractions removed.

    Raises:
        UserError: a method cannot be pruned to them, or its place in the file is not found.
    """
    text, file = _text(study), study.source
    plain = tomllib.loads(text)
    config = _config(text, file)
    titles = [method.title for method in config.methods]
    lines, methods = [], []
    for way in _with_originals(ways, config):
        if way in titles:
            place = titles.index(way)
            # of the first seed, as all are pruned to the same
            recipes = expand(config.model_copy(update={"seeds": config.seeds[:1]}), str(file)).values()
            have = [recipe.sparsity for recipe in recipes if recipe.method == way]
            if missing := [level for level in sparsities if level not in have]:
                wanted = sorted([*have, *missing])
                text = _with_sparsities(text, place, wanted)
                plain["method"][place]["sparsities"] = wanted
                lines.append(f"sparsities = {json.dumps(wanted)}  # of {way}")
            methods.append(way)
        else:
            method = _method(way, sparsities)
            text = f"{text.rstrip()}\n\n{_toml(method)}\n"
            plain.setdefault("method", []).append(method)
            lines.append(_toml(method))
            methods.append(_config(text, file).methods[-1].title)
    if tomllib.loads(text) != plain:
        raise UserError(
            f"{file} is written in a way that the app cannot add to; write the sparsities into it yourself."
        )
    expand(_config(text, file), str(file))
    return Asked(text, tuple(methods), "\n\n".join(lines))


def ways_to_prune(study: Study) -> dict[str, str]:
    """Criteria and finders that the study has no method of and can be pruned by: name -> what people call it."""
    config, text = study.config, _text(study)
    known = {(method.finder, method.options.get("criterion")) for method in config.methods}
    names = {name: each.label for name, each in CRITERIA.items() if each.structure is None}
    names |= {
        name: each.label
        for name, each in FINDERS.items()
        if prunes(each, config.start) and not issubclass(each.options, Control)
    }
    found = {}
    for name, label in names.items():
        method = _method(name, [0.5])
        if (method.get("finder", "one_shot"), method.get("criterion")) in known:
            continue
        try:
            one = _config(f"{text.rstrip()}\n\n{_toml(method)}\n", study.source)
            expand(one.model_copy(update={"seeds": config.seeds[:1]}), str(study.source))
        except UserError:
            continue
        found[name] = label
    return found


def _with_originals(ways: Iterable[str], config: StudyConfig) -> list[str]:
    """The same, each control after the method that it is made of, which has to be as sparse."""
    of = {method.title: method.of for method in config.methods}
    found: dict[str, None] = {}
    for way in ways:
        line = [way]
        while isinstance(original := of.get(line[0]), str) and original != DENSE and original not in line:
            line.insert(0, original)
        found |= dict.fromkeys(line)
    return list(found)


def _method(way: str, sparsities: Sequence[float]) -> dict[str, Any]:
    method: dict[str, Any] = {"criterion" if way in CRITERIA else "finder": way}
    if usual_sparsity(way) is None:  # else it has one only
        method["sparsities"] = [float(level) for level in sparsities]
    return method


def _toml(method: dict[str, Any]) -> str:
    return "\n".join(["[[method]]", *(f"{key} = {toml_value(value)}" for key, value in method.items())])


def _with_sparsities(text: str, place: int, sparsities: Sequence[float]) -> str:
    """The text with these in the method at that place, in the place of its own where it says some."""
    lines, line = text.splitlines(), f"sparsities = {json.dumps(list(sparsities))}"
    headers = [number for number, each in enumerate(lines) if HEADER.match(each)]
    if place >= len(headers):
        return text  # whoever compares will see that nothing is new
    begin = headers[place] + 1
    end = next((number for number in range(begin, len(lines)) if NEXT.match(lines[number])), len(lines))
    own = next((number for number in range(begin, end) if KEY.match(lines[number])), None)
    if own is None:
        lines.insert(begin, line)
    else:
        last = next((number for number in range(own, end) if "]" in lines[number].partition("#")[0]), own)
        comment = lines[last].rpartition("]")[2].rstrip()
        lines[own : last + 1] = [line + (comment if "#" in comment else "")]
    return "\n".join(lines) + "\n"


def _text(study: Study) -> str:
    try:
        return study.source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{study.source} cannot be read: {error}.") from None


def _config(text: str, file: Path) -> StudyConfig:
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"The method cannot be added to {file}: {error}.") from None
    return validate(StudyConfig, plain, str(file))
