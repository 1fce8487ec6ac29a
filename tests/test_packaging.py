"""What `pip install .` gives: every file that the packages read, commands that exist, bounds that the pins keep."""

import fnmatch
import importlib
import os
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
OPTIONAL = {"onnx"}
"""Extras that neither the app nor the tests need, so that they are not pinned."""
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins() -> dict[str, str]:
    """The version of each package in requirements.txt."""
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    named = [Requirement(line) for line in lines if line]
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in named}


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
