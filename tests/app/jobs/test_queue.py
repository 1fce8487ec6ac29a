"""The queue: turns, ends of every kind, and what a browser, an app or the system may do meanwhile."""

import errno
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from app import THREADS, allowed
from app.jobs import queue, runner
from app.jobs.command import Command
from app.jobs.job import look, write_state
from pruning.errors import UserError, WriteError
from pruning.models.code_digest import digest_of_code
from tests.app.conftest import Standing, ended, prune, until


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system ends no process with its parent")
def test_a_job_outlives_its_process_and_goes_on_when_asked(study_copy: Path) -> None:
    """The real command: killed while it starts, nothing of it is left running; asked again it does all."""
    job = queue.submit(prune(str(study_copy)))
    assert queue.submit(prune(str(study_copy))).id == job.id
    until(job, lambda now: now.status == "running")
    for process in _processes(job.home):  # itself alone, or also the command on its way from it
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    until(job, lambda now: now.status == "killed")
    end = time.monotonic() + 20
    while _processes(study_copy):
        assert time.monotonic() < end
        time.sleep(0.05)
    queue.resume(job)
    assert look(job.home).status == "waiting"
    done = ended(job)
    assert (done.status, done.state.code) == ("done", 0)
    assert "Found 0 tickets" in done.log()
    queue.remove(job.home)
    assert queue.jobs() == ([], {})


def test_code_that_nobody_allowed_is_not_run_by_a_job_whoever_asks(study_copy: Path) -> None:
    """The real command, whose own process refuses; nor does a change between asking and running help."""
    file = study_copy / "evil.py"
    file.write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")
    allowed.remember(digest_of_code(file))
    file.write_text(file.read_text() + "# changed since\n")
    toml = study_copy / "study.toml"
    toml.write_text(toml.read_text().replace('"lenet300"', json.dumps(f"{file}:factory")))
    job = ended(queue.submit(prune(str(study_copy))))
    assert job.status == "failed"
    assert "nobody has allowed to run" in job.state.sentence
    assert not (study_copy / "ran").exists()


def _processes(named: Path) -> list[int]:
    """Those whose command line names a path."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words, status = entry.read_bytes(), (entry.parent / "stat").read_text()
        except OSError:
            continue
        if str(named).encode() in words and ") Z " not in status:
            found.append(int(entry.parent.name))
    return found


def test_jobs_of_a_study_wait_for_each_other_and_others_do_not(stand_in: Standing, tmp_path: Path) -> None:
    stand_in(
        "import sys, time, pathlib\nname = sys.argv[3]\npathlib.Path(f'{name} began').touch()\n"
        "while not pathlib.Path(f'{name} may end').exists(): time.sleep(.01)\n"
    )
    first, second, other = (queue.submit(prune(*words)) for words in (("a",), ("a", "--stale"), ("b",)))
    for job in (first, other):
        until(job, lambda now: now.status == "running")
    time.sleep(0.2)
    assert look(second.home).status == "waiting"
    assert [job.id for job in queue.jobs()[0]] == [first.id, second.id, other.id]
    (tmp_path / "b may end").touch()
    assert ended(other).status == "done"
    assert look(second.home).status == "waiting"
    (tmp_path / "a may end").touch()
    done = ended(second)
    assert look(first.home).state.ended <= done.state.began  # type: ignore[operator]


@pytest.mark.parametrize("leap", [-3600.0, 3600.0])
def test_a_clock_that_is_set_changes_no_turns(stand_in: Standing, leap: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study has one job at a time, in the order in which they were asked for, whatever the clock says meanwhile."""
    stand_in(
        "import os, sys, time, pathlib\nos.close(os.open('at work', os.O_CREAT | os.O_EXCL))\n"
        "with open('order', 'a') as file: print(sys.argv[-1], file=file)\n"
        "time.sleep(.1)\nos.remove('at work')"
    )
    clock, first = time.time, queue.submit(prune("a", "--stale"))
    until(first, lambda now: now.status == "running")
    second = queue.submit(prune("a", "--jobs", "1"))
    monkeypatch.setattr(time, "time", lambda: clock() + leap)
    third = queue.submit(prune("a", "--jobs", "2"))
    assert [job.id for job in queue.jobs()[0]] == [first.id, second.id, third.id]
    assert [ended(each).status for each in (first, second, third)] == ["done"] * 3
    assert Path("order").read_text().split() == ["--stale", "1", "2"]


@pytest.mark.parametrize("end", ["sys.exit(2)", "os.kill(os.getpid(), 9)", "time.sleep(60)"])
def test_what_follows_a_job_ends_with_it_and_goes_on_when_asked(stand_in: Standing, end: str) -> None:
    stand_in(f"import os, sys, time\nif sys.argv[1] == 'pruning': {end}")
    first = queue.submit(prune())
    later = queue.submit(Command(("analysis", "run", "mine")), after=first)
    other = queue.submit(Command(("analysis", "run", "another")), after=first)  # has nothing to do with it
    if "sleep" in end:
        queue.cancel(first)
    status, found = ended(first).status, ended(later)
    assert (found.status, found.state.code) == ("cancelled", None)
    assert found.state.sentence == (
        f"“Prune mine”, which it follows, did not do all of its work ({status}): resume that first."
    )
    queue.resume(later)  # as things are
    assert ended(later).status == "done"
    assert ended(other).status == "done"


def test_gone_on_with_behind_what_it_follows_it_follows_that_again(stand_in: Standing) -> None:
    stand_in("import sys; sys.exit(2 * (sys.argv[1] == 'pruning'))")
    first = queue.submit(prune())
    later = queue.submit(Command(("analysis", "run", "mine")), after=first)
    assert [ended(each).status for each in (first, later)] == ["failed", "cancelled"]
    stand_in("import sys, time; time.sleep(.5)")
    for job in (first, later):
        queue.resume(job)
    assert look(later.home).state.follows == first.id
    assert [ended(each).status for each in (first, later)] == ["done", "done"]


def test_what_some_failed_tasks_leave_is_gone_on_with(stand_in: Standing) -> None:
    stand_in("import sys; sys.exit(sys.argv[1] == 'pruning')")
    first = queue.submit(prune())
    later = queue.submit(Command(("analysis", "run", "mine")), after=first)
    assert [ended(each).status for each in (first, later)] == ["failed", "done"]


def test_cancelled_by_an_interrupt_while_it_runs_and_at_once_while_it_waits(stand_in: Standing) -> None:
    stand_in(
        "import sys, time\nprint('begun', flush=True)\ntry: time.sleep(60)\n"
        "except KeyboardInterrupt: print('What was found is kept.'); sys.exit(130)"
    )
    running, waiting = queue.submit(prune()), queue.submit(prune("mine", "--stale"))
    until(running, lambda now: "begun" in now.log())
    for job in (waiting, running):
        queue.cancel(job)
        assert ended(job).status == "cancelled"
    assert "What was found is kept." in running.log()
    assert look(running.home).state.code == 130
    assert look(waiting.home).state.began is not None
    with pytest.raises(UserError, match="is no job"):
        queue.remove(running.home.parent / "elsewhere")


def test_what_does_not_listen_is_ended_all_the_same(stand_in: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PATIENCE", (0.1, 0.1))
    stand_in(
        "import signal, time\nfor number in (2, 15): signal.signal(number, signal.SIG_IGN)\n"
        "print('begun', flush=True)\ntime.sleep(60)"
    )
    job = queue.submit(prune())
    until(job, lambda now: "begun" in now.log())
    queue.cancel(job)
    assert ended(job).state.code == -signal.SIGKILL


@pytest.mark.parametrize(
    ("lines", "status", "sentence"),
    [
        ("print('Error: There is no study at mine.'); raise SystemExit(2)", "failed", "There is no study at mine."),
        ("raise SystemExit(1)", "failed", "its log says why"),
        ("import os; os.kill(os.getpid(), 9)", "failed", "killed by signal 9"),
        ("print('fine')", "done", ""),
    ],
)
def test_how_a_command_ends_is_a_sentence(stand_in: Standing, lines: str, status: str, sentence: str) -> None:
    stand_in(lines)
    job = ended(queue.submit(prune()))
    assert job.status == status
    assert sentence in job.state.sentence


@pytest.mark.parametrize("threads", [None, "3"])
def test_a_job_has_the_threads_that_a_terminal_has(
    threads: str | None, stand_in: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not those of a page's calculations, unless somebody wants so many."""
    monkeypatch.setattr("app._ours", threads is None)
    monkeypatch.setenv(THREADS, threads or "1")
    stand_in(f"import os; print('threads', os.environ.get('{THREADS}'))")
    job = ended(queue.submit(prune()))
    assert f"threads {threads}" in job.log()
    assert queue._environment(job.home).get(THREADS) == threads  # of the process between


def test_how_it_ended_comes_with_its_status(stand_in: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that ends while it is looked at: between the look at its word and the look for its process."""
    stand_in("raise SystemExit(3)")
    done = ended(queue.submit(prune()))
    running = done.state.model_copy(update={"ended": None, "code": None, "sentence": ""})
    write_state(done.home, running)

    def just_gone(home: Path) -> bool:
        write_state(home, done.state)
        return False

    monkeypatch.setattr("app.jobs.job.is_alive", just_gone)
    assert look(done.home) == done


def test_a_folder_that_is_gone_is_a_sentence(stand_in: Standing, tmp_path: Path) -> None:
    stand_in("print('fine')")
    job = queue.submit(prune())
    ended(job)
    text = (job.home / "job.json").read_text()
    (job.home / "job.json").write_text(text.replace(json.dumps(str(tmp_path)), json.dumps(str(tmp_path / "gone"))))
    queue.resume(job)
    assert "cannot be run in" in ended(job).state.sentence


def test_secrets_are_not_in_the_log_and_a_log_does_not_grow_for_ever(
    stand_in: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "correct horse")
    monkeypatch.setenv("HARMLESS", "battery staple")
    monkeypatch.setattr(runner, "LARGEST_LOG", 5000)
    stand_in(
        "import os\nprint(os.environ['MY_API_KEY'], os.environ['HARMLESS'])\n"
        "print('Error: no https://ann:pass@host/x for correct horse')\n"
        "for _ in range(10000): print('x' * 80)\nraise SystemExit(2)"
    )
    job = ended(queue.submit(prune()))
    assert job.state.sentence == "no https://***@host/x for ***"
    assert job.log().startswith("*** battery staple\n")
    assert (job.home / "log.txt").stat().st_size < 6000
    everything = b"".join(file.read_bytes() for file in job.home.rglob("*") if file.is_file())
    assert b"correct horse" not in everything
    assert b"pass@" not in everything


def test_uploads_are_kept_until_the_command_has_done_its_work(stand_in: Standing) -> None:
    stand_in("import sys, pathlib\nprint(len(pathlib.Path(sys.argv[3]).read_bytes()))\nraise SystemExit(2)")
    command = Command(("pruning", "import", "{file}", "--data", "digits"))
    job = ended(queue.submit(command, {"file": b"12345"} | {"x/../../evil.pt": b""}))
    assert job.log() == "5\n"
    kept = [file for file in (job.home / "uploads").rglob("*") if file.is_file()]
    assert sorted(file.name for file in kept) == ["evil.pt", "file"]
    stand_in("print('done')")
    queue.resume(job)
    assert ended(job).status == "done"
    assert not (job.home / "uploads").exists()


def test_a_full_disk_is_a_sentence_and_leaves_nothing(stand_in: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    stand_in("import time, pathlib\nwhile not pathlib.Path('full').exists(): time.sleep(.01)")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(WriteError, match="the disk is full"):
            queue.submit(prune())
    assert queue.homes() == []
    job = queue.submit(prune())
    until(job, lambda now: now.status == "running")
    monkeypatch.setattr(runner, "write_state", full)
    Path("full").touch()
    assert ended(job).status == "killed"  # that it ended cannot be written down


HOSTILE = {
    "job.json": [
        b"",
        b"[]",
        b"\xff",
        b"{" * 100_000,
        b'{"words": ["rm", "-rf", "x"], "folder": "", "study": ""}',
        None,
    ],
    "state.json": [b"{}", b'{"asked": NaN}', b'{"asked": 1e300}', b'{"asked": 1, "pid": 1}', b'{"asked": "now"}', None],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_a_sentence_each_and_can_be_cleared_away(
    stand_in: Standing, name: str, tmp_path: Path
) -> None:
    stand_in("print('fine')")
    job = ended(queue.submit(prune()))
    for content in HOSTILE[name]:
        (job.home / name).unlink()
        os.mkfifo(job.home / name) if content is None else (job.home / name).write_bytes(content)
        there, problems = queue.jobs()
        assert there == []
        assert list(problems) == [job.home]
        assert str(job.home) in problems[job.home]
        assert len(problems[job.home]) < 400
    queue.remove(job.home)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").touch()
    link = job.home.parent / job.home.name
    link.symlink_to(outside)
    assert list(queue.jobs()[1]) == [link]
    queue.remove(link)
    assert queue.jobs() == ([], {})
    assert (outside / "mine").exists()


def test_what_a_command_tells_of_itself_counts_only_as_it_may(stand_in: Standing) -> None:
    stand_in("import time; time.sleep(60)")
    job = until(queue.submit(prune()), lambda now: now.status == "running")
    place, now = job.home / "progress.json", time.time()
    for wrong in ("", '{"fraction": 2, "text": "", "left": 1, "at": 1}', '{"fraction": 0.5}', "[" * 99_999):
        place.write_text(wrong)
        assert job.told() is None
    said = {"fraction": 0.25, "text": "IMP 90 %", "left": 30.0, "at": now}
    place.write_text(json.dumps(said))
    told = job.told()
    assert told is not None
    assert (told.fraction, told.text) == (0.25, "IMP 90 %")
    left = job.left()
    assert left is not None
    assert 20 < left <= 30
    place.write_text(json.dumps(said | {"at": now - 1000}))  # of the run before
    assert job.told() is None
    queue.cancel(job)
    ended(job)


def test_only_so_many_that_are_over_are_kept(stand_in: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "KEPT", 2)
    stand_in("print('fine')")
    made = [ended(queue.submit(prune(f"study{number}"))).id for number in range(4)]
    assert [home.name for home in queue.homes()] == made[1:]
