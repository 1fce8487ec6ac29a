"""Buttons beside commands, and the list of jobs, drawn without a browser on real jobs."""

import json
import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.jobs import queue
from app.jobs.command import Command
from app.shell import work
from pruning.study.adding import add_method
from pruning.study.commands import finding, measuring, typed
from pruning.study.folder import Study
from pruning.study.places import local
from tests.app.conftest import Standing, ended, prune, until
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app is on an address of this machine alone."""
    monkeypatch.setattr(st, "get_option", lambda name: "127.0.0.1")


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


@pytest.mark.usefixtures("private")
def test_an_empty_study_is_found_and_measured_by_a_click(
    study_copy: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Standing
) -> None:
    stand_in("print('fine')")
    for path in (study_copy / "tickets").iterdir():
        path.unlink()
    test = draw("overview", study_copy, monkeypatch)
    commands = [finding(study_copy), measuring(study_copy)]
    assert test.code[0].value == "\n".join(commands)
    next(button for button in test.button if button.label == "Prune and measure").click().run()
    there, _ = queue.jobs()
    assert [job.command.line for job in there] == commands
    for job in there:
        assert ended(job).status == "done"
    assert "**Jobs**" not in text(test.run())  # what is done is no news here
    stand_in("raise SystemExit(2)")
    queue.resume(there[0])
    ended(there[0])
    written = text(test.run()).replace("\\", "")
    assert "**Prune copy**" in written
    assert "**Measure copy**" not in written
    assert not test.exception


def test_nothing_is_offered_where_others_can_open_the_app(
    study_copy: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Standing
) -> None:
    stand_in("print('fine')")
    for path in (study_copy / "tickets").iterdir():
        path.unlink()
    for address in ("0.0.0.0", "", "192.168.0.7"):
        monkeypatch.setattr(st, "get_option", lambda name, address=address: address)
        test = draw("overview", study_copy, monkeypatch)
        assert "Prune and measure" not in labels(test)
        work.start([prune(str(study_copy))])
    assert queue.jobs() == ([], {})


@pytest.mark.usefixtures("private")
def test_commands_on_other_folders_have_no_button(study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences quote files' names and contents, which may look like commands."""
    monkeypatch.setenv("PRUNING_STUDIES", str(study_copy))

    def script(lines: str) -> None:
        from app.shell import layout

        layout.empty(lines)

    for command in ("pruning run /etc", f"pruning run {study_copy}/..", f"pruning import {study_copy}", "pruning find"):
        test = AppTest.from_function(script, kwargs={"lines": f"`{typed(*command.split())}`"}).run()
        assert labels(test) == []
    test = AppTest.from_function(script, kwargs={"lines": f"Do `{finding(study_copy, '--stale')}`."}).run()
    assert labels(test) == ["Prune again"]
    monkeypatch.setattr(work, "is_shipped", lambda path: True)  # such a study stays as it is
    assert labels(test.run()) == []


@pytest.mark.usefixtures("private")
def test_a_study_with_code_of_its_own_asks_before_anything_is_run(
    study_copy: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Standing
) -> None:
    stand_in("print('fine')")
    file = study_copy / "evil.py"
    file.write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")
    toml = study_copy / "study.toml"
    toml.write_text(f"task = {json.dumps(f'{file}:factory')}\n" + toml.read_text())
    monkeypatch.setenv("PRUNING_STUDIES", str(study_copy))

    def script(command: str) -> None:
        from app.shell import layout

        layout.empty("Not measured yet.", command=command)

    test = AppTest.from_function(script, kwargs={"command": measuring(study_copy)}).run()
    assert labels(test) == ["Run evil.py"]
    work.start([Command(("analysis", "run", str(study_copy)))])
    assert not queue.homes()
    test.button[0].click().run()
    assert labels(test) == ["Measure"]
    file.write_text(file.read_text() + "# changed\n")
    assert labels(test.run()) == ["Run evil.py"]
    assert not (study_copy / "ran").exists()


@pytest.mark.usefixtures("private")
def test_jobs_are_listed_cancelled_gone_on_with_and_removed(
    study_copy: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Standing
) -> None:
    stand_in("import time\nprint('begun <b> ![x](y)', flush=True)\ntime.sleep(60)")
    job = queue.submit(Command(("analysis", "run", str(study_copy))))
    until(job, lambda now: "begun" in now.log())
    test = draw("jobs", study_copy, monkeypatch)
    assert job.command.line in [code.value for code in test.code]
    test.button(key=f"cancel {job.id}").click().run()
    ended(job)
    assert "cancelled" in text(test.run())
    stand_in("print('Error: the disk is full.'); raise SystemExit(2)")
    test.button(key=f"resume {job.id}").click().run()
    ended(job)
    assert "the disk is full." in text(test.run()).replace("\\", "")
    (job.home / "state.json").write_text("nonsense")
    test.run()
    assert "cannot be read" in text(test)
    test.button(key=f"remove {job.home.name}").click().run()
    assert queue.jobs() == ([], {})
    assert not test.exception


@pytest.mark.usefixtures("private")
def test_two_sessions_see_one_queue(study_copy: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Standing) -> None:
    stand_in("import time; time.sleep(60)")
    one, other = draw("jobs", study_copy, monkeypatch), draw("masks", study_copy, monkeypatch)
    job = until(queue.submit(prune(str(study_copy))), lambda now: now.status == "running")
    for test in (one.run(), other.run()):
        assert test.button(key="jobs-line").label.startswith("Prune copy")
    one.run().button(key=f"cancel {job.id}").click().run()
    ended(job)
    assert "cancelled" in other.run().button(key="jobs-line").label


@pytest.mark.usefixtures("private")
def test_more_is_asked_of_a_study_and_nothing_of_one_that_ships(
    study_copy: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Standing
) -> None:
    stand_in("print('fine')")
    test = draw("jobs", study_copy, monkeypatch)
    test.multiselect(key="more-methods").set_value(["magnitude", "snip"]).run()
    shown = "\n".join(code.value for code in test.code)
    assert 'criterion = "snip"\nsparsities = [0.9]' in shown
    line = finding(study_copy, *["--method", "magnitude", "--method", "snip", "--sparsity", "0.9"])
    assert f"{line}\n{measuring(study_copy)}" in shown
    own = '[[method]]\nname = "mine"\nfinder = "manual"\nsparsities = [0.5]\nlayers = { fc1 = 0.5 }'
    add_method(Study.open(study_copy), own)  # by another, after the form was drawn
    test.button(key="more-go").click().run()
    assert [job.command.line for job in queue.jobs()[0]] == [line, measuring(study_copy)]
    written = (study_copy / "study.toml").read_text()
    assert 'criterion = "snip"' in written
    assert own in written
    for job in queue.jobs()[0]:
        ended(job)
    monkeypatch.setattr("app.views.jobs.more.is_shipped", lambda path: True)
    test = draw("jobs", study_copy, monkeypatch)
    assert "ships with the project" in text(test)
    assert "more-methods" not in [each.key for each in test.multiselect]


@pytest.mark.usefixtures("private")
def test_a_folder_with_a_space_has_its_button_too(
    study_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = shutil.copytree(study_copy, tmp_path / "my study")
    shutil.rmtree(spaced / "results", ignore_errors=True)
    test = draw("overview", spaced, monkeypatch)
    assert test.code[0].value == measuring(spaced)
    assert "Measure" in labels(test)


@pytest.mark.usefixtures("private")
def test_of_a_study_that_is_only_read_nothing_is_asked_for(study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(study_copy / "results", ignore_errors=True)
    url = study_copy.resolve().as_uri()
    test = draw("overview", local(url), monkeypatch)
    assert "is only read here: it is found and measured where it lies" in text(test).replace("\\", "")
    assert not test.code
    assert not {"Measure", "Prune"} & set(labels(test))
