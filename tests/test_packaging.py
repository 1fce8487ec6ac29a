"""What `pip install .` and `make setup` give: every file that the packages read, commands, bounds, pins and hashes."""

import fnmatch
import importlib
import importlib.metadata
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import ROOT

PACKAGES = ("pruning", "analysis", "app", "sample_checkpoints")
OPTIONAL = {"onnx", "timm"}
"""Extras that neither the app nor the tests need, so that they are not pinned."""
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def required() -> list[Requirement]:
    """What requirements.txt says, line by line."""
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


def pins() -> dict[str, str]:
    """The version of each package in requirements.txt."""
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in required()}


def locked() -> dict[str, tuple[list[Requirement], int]]:
    """The versions of each package in requirements.lock, and how many hashes these have at least."""
    text = re.sub(r"^ *#.*$", "", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    found: dict[str, tuple[list[Requirement], int]] = {}
    for entry in text.replace("\\\n", " ").split("\n"):
        words, *hashes = entry.split("--hash=sha256:")
        assert all(re.fullmatch("[0-9a-f]{64}", each.strip()) for each in hashes)
        if words.strip():
            one = Requirement(words)
            others, least = found.get(canonicalize_name(one.name), ([], len(hashes)))
            found[canonicalize_name(one.name)] = [*others, one], min(least, len(hashes))
    return found


def needed(name: str, extras: set[str]) -> set[tuple[str, frozenset[str]]]:
    """What an installed package needs on this machine, by what it says itself: name and extras of each."""
    said = [Requirement(line) for line in importlib.metadata.requires(name) or []]
    here = [
        one for one in said if not one.marker or any(one.marker.evaluate({"extra": each}) for each in ["", *extras])
    ]
    return {(canonicalize_name(one.name), frozenset(one.extras)) for one in here}


def asked_for() -> list[Requirement]:
    project = PYPROJECT["project"]
    extras = [each for name, each in project["optional-dependencies"].items() if name not in OPTIONAL]
    return [Requirement(line) for line in [*project["dependencies"], *(each for extra in extras for each in extra)]]


def test_every_file_that_git_has_is_packaged() -> None:
    listed = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True)
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    files = [Path(line) for line in listed.stdout.splitlines()]
    assert len(files) > 1000
    ends = {f"{file.parent.name}/{file.name}" if file.parent.name == ".streamlit" else file.name for file in files}
    unpacked = {end for end in ends if not any(fnmatch.fnmatch(end, pattern) for pattern in [*patterns, "*.py"])}
    assert unpacked <= {".gitignore", ".gitattributes"}


def test_what_is_pinned_is_within_the_bounds_and_nothing_is_left_out() -> None:
    pinned = pins()
    for requirement in asked_for():
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)], prereleases=True)
    assert {canonicalize_name(requirement.name) for requirement in asked_for()} == set(pinned)


def test_the_lock_pins_what_is_pinned_and_has_a_hash_of_every_file() -> None:
    lock = locked()
    for name, version in pins().items():
        [one] = lock[name][0]
        assert (str(one.specifier), one.marker) == (f"=={version}", None), f"{name}: say `make lock`"
    for name, (versions, hashes) in lock.items():
        assert hashes, name
        assert all(re.fullmatch(r"==[^*,]+", str(one.specifier)) for one in versions)
        assert len([one for one in versions if not one.marker or one.marker.evaluate()]) <= 1


def test_the_lock_has_all_that_the_pinned_packages_need_here() -> None:
    lock = {
        name: one for name, (each, _) in locked().items() for one in each if not one.marker or one.marker.evaluate()
    }
    todo: set[tuple[str, frozenset[str]]] = {(canonicalize_name(one.name), frozenset(one.extras)) for one in required()}
    seen = set[tuple[str, frozenset[str]]]()
    while todo - seen:
        name, extras = (todo - seen).pop()
        seen.add((name, extras))
        assert lock[name].specifier.contains(importlib.metadata.version(name), prereleases=True)
        todo |= needed(name, set(extras))
    assert {name for name, _ in seen} == set(lock)


@pytest.mark.parametrize("name", PYPROJECT["project"]["scripts"])
def test_commands_are_there(name: str) -> None:
    module, function = PYPROJECT["project"]["scripts"][name].split(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_app_says_in_any_folder_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "app", "--no-browser", "--port", port]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: Port {port} is taken;")
    assert "Traceback" not in done.stderr
