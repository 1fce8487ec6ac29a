"""Studies: what they ask for, what they have, and what a run does about the difference."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pruning import Recipe, Study, Ticket, UserError, find_ticket
from pruning.progress import Progress, quiet
from pruning.study.commands import typed
from pruning.study.folder import LOG, TICKETS
from pruning.study.runner import RunOptions, Watcher, run
from tests import ROOT
from tests.conftest import TINY


def write(folder: Path, text: str = TINY, **changes: str) -> Path:
    """A study file in `folder`; `changes` replace what stands in it."""
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "study.toml"
    path.write_text(text)
    return path


def test_recipes() -> None:
    study = Study.open(ROOT / "sample_checkpoints" / "mnist5k-lenet5")
    recipes = study.recipes()
    assert len(recipes) == 3 * (1 + 9 * 5)
    assert len({recipe.id for recipe in recipes}) == len(recipes)
    assert recipes[0].finder == "dense"
    finetunings = [recipe.option("finetune") for recipe in recipes if recipe.option("finetune") is not None]
    assert {recipe.criterion for recipe in recipes if recipe.option("finetune") is not None} == {"magnitude", "taylor"}
    assert all(config.lr == 0.001 and config.warmup_epochs == 0 for config in finetunings)
    assert all(config.batch_size == recipes[0].training.batch_size for config in finetunings)
    shuffled = [recipe for recipe in recipes if recipe.finder == "shuffled"]
    assert all(r.of is not None and r.of.finder == "imp" and r.of.seed == r.seed for r in shuffled)


def test_a_search_is_laid_over_the_finders_own(tmp_path: Path) -> None:
    """Not over the study's training, whose optimizer is that of weights, not of scores."""
    methods = '[[method]]\nfinder = "sign_supermask"\nsearch = { epochs = 3 }\n'
    text = TINY.split("[[method]]")[0].split("[finetune]")[0] + methods
    searches = [
        recipe.option("search")
        for recipe in Study.open(write(tmp_path, text)).recipes()
        if recipe.option("search") is not None
    ]
    assert searches
    for search in searches:
        assert (search.epochs, search.optimizer, search.lr, search.weight_decay) == (3, "adamw", 0.01, 0)


def test_entries_come_in_the_order_of_the_study(found_study: Path) -> None:
    study = Study.open(found_study)
    entries = study.entries()
    assert [entry.id for entry in entries] == [recipe.id for recipe in study.recipes()]
    for entry in entries:
        ticket = study.load(entry.id)
        assert (ticket.kept, ticket.total) == (entry.kept, entry.total)
        assert ticket.sparsity == pytest.approx(entry.sparsity)
    lines = [json.loads(line) for line in (found_study / LOG).read_text().splitlines()]
    assert {line["id"] for line in lines} >= {entry.id for entry in entries}


def test_a_second_run_does_nothing(study_copy: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in study_copy.rglob("*.safetensors")}
    outcome = run(Study.open(study_copy), RunOptions(jobs=1))
    assert not outcome.found
    assert outcome.there_before == 18
    assert {path: path.stat().st_mtime_ns for path in study_copy.rglob("*.safetensors")} == before


def test_only_what_is_lost_is_found_again_and_is_the_same(study_copy: Path) -> None:
    study = Study.open(study_copy)
    recipe = next(r for r in study.recipes() if r.finder == "shuffled")
    path = study.ticket_path(recipe)
    before = Ticket.load(path)
    path.write_bytes(path.read_bytes()[:1000])  # cut short counts as lost
    entries, problems = study.scan()
    assert recipe.id not in [entry.id for entry in entries]
    assert len(problems) == 1
    assert str(path) in problems[0]
    outcome = run(study, RunOptions(jobs=1))
    assert [found.id for found in outcome.found] == [recipe.id]
    again = Ticket.load(path)
    for name, value in before.state.items():
        assert (again.state[name] == value).all()


def test_several_processes_find_the_same_as_one(found_study: Path, tmp_path: Path) -> None:
    write(tmp_path, TINY.replace("seeds = [0, 1]", "seeds = [1]").replace("[0.5, 0.9]", "[0.5]"))
    fractions: list[float] = []
    outcome = run(Study.open(tmp_path), RunOptions(jobs=2), lambda fraction, text: fractions.append(fraction))
    assert not outcome.failed
    assert len(outcome.found) == 5
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    for entry in Study.open(tmp_path).entries():
        one, other = Study.open(found_study).load(entry.id), Ticket.load(entry.path)
        for name, value in one.state.items():
            assert (other.state[name] == value).all(), (entry.recipe.label, name)


def test_a_step_that_is_asked_for_later_is_taken_over(study_copy: Path) -> None:
    cached = list((study_copy / "cache").glob("*.safetensors"))
    assert len(cached) == 4  # IMP at 75 % and 87.5 %, two seeds
    # the other methods have no tickets at 75 %, so let IMP alone have it
    text = TINY.replace('finder = "imp"\nrate = 0.5', 'finder = "imp"\nrate = 0.5\nsparsities = [0.5, 0.75, 0.9]')
    write(study_copy, text)
    outcome = run(Study.open(study_copy), RunOptions(jobs=1))
    assert not outcome.found
    assert outcome.there_before == 20
    assert len(list((study_copy / TICKETS).glob("*.safetensors"))) == 20


def test_a_ticket_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    hot = '[[method]]\nname = "hot"\ncriterion = "random"\n[method.training]\nlr = 1e20\n'
    control = '[[method]]\nfinder = "random_reinit"\nof = "hot"\n[method.training]\nlr = 1e20\n'
    head, _ = TINY.split("[[method]]", 1)
    text = head.replace("[0, 1]", "[0]").replace("[0.5, 0.9]", "[0.5]")
    write(tmp_path, text + hot + control + '[[method]]\ncriterion = "snip"\n')
    study = Study.open(tmp_path)
    outcome = run(study, RunOptions(jobs=1))
    failed = {recipe.method: outcome.failed.get(recipe.id) for recipe in study.recipes()}
    assert failed["dense"] is None
    assert failed["snip"] is None
    assert "loss is not finite" in str(failed["hot"])
    assert "which it starts from, failed" in str(failed["random_reinit"])
    assert "not finite" in (tmp_path / LOG).read_text()


def test_two_runs_at_once_are_refused(study_copy: Path) -> None:
    study = Study.open(study_copy)
    study.ticket_path(study.recipes()[0]).unlink()
    refused: list[str] = []

    class Second(Watcher):
        def started(self, recipe: Recipe) -> Progress:
            with pytest.raises(UserError, match="Another run is at work") as caught:
                run(Study.open(study_copy), RunOptions(jobs=1))
            refused.append(str(caught.value))
            return quiet

    run(study, RunOptions(jobs=1), watcher=Second())
    assert len(refused) == 1


def test_a_kill_loses_at_most_the_ticket_in_work(tmp_path: Path) -> None:
    write(tmp_path, TINY.replace("epochs = 2", "epochs = 10"))
    command = [sys.executable, "-m", "pruning", "run", str(tmp_path), "--jobs", "1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while len(list((tmp_path / TICKETS).glob("*.safetensors"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    entries, problems = Study.open(tmp_path).scan()
    assert len(entries) >= 2
    assert not problems
    before = {entry.path: entry.path.stat().st_mtime_ns for entry in entries}
    # what is left is found by the next run, from which the lock of the killed one does not keep us
    write(tmp_path, TINY.replace("epochs = 2", "epochs = 10").replace("seeds = [0, 1]", "seeds = [0]"))
    study = Study.open(tmp_path)
    missing = [recipe for recipe in study.recipes() if not study.ticket_path(recipe).exists()]
    assert missing
    assert all(path.stat().st_mtime_ns == time_ for path, time_ in before.items())
    run(study, RunOptions(jobs=1))
    assert len(study.entries()) == 9
    assert all(path.stat().st_mtime_ns == time_ for path, time_ in before.items())
    assert not list((tmp_path / TICKETS).glob(".*"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sparsities", "sparsitys", ["unknown key 'sparsitys'", "Did you mean 'sparsities'"]),
        (
            'criterion = "random"',
            'criterio = "random"',
            ["method 1", "has no option 'criterio'", "Did you mean 'criterion'"],
        ),
        ('criterion = "random"', 'criterion = "randon"', ["Unknown criterion 'randon'", "'random'"]),
        ("[0.5, 0.9]", "[0.5, 1.0]", ["'sparsities.1' is 1.0", "less than 1"]),
        ("[0.5, 0.9]", "[-0.5]", ["'sparsities.0' is -0.5"]),
        ("[0, 1]", "[]", ["'seeds' is []"]),
        ("epochs = 2", "epoch = 2", ["unknown key 'training.epoch'", "'epochs'"]),
        ("lr = 0.1", 'lr = "fast"', ["'training.lr' is 'fast'"]),
        ('of = "imp"', 'of = "ipm"', ["Unknown method 'ipm'", "'imp'"]),
        ('title = "A tiny study"', "", ["'title' is missing"]),
        ('criterion = "magnitude"', 'criterion = "random"', ["another method has that name", "`name`"]),
        ('criterion = "magnitude"', 'criterion = "random"\nname = "other"', ["the same as 'random'"]),
        ('model = "lenet300"', "model = lenet300", ["cannot be read"]),
        ('finder = "imp"', 'finder = "jackpott"\nsearch = { epochs = 1 }', ["method 3 (jackpott)", "'jackpot'"]),
        ('finder = "imp"\nrate = 0.5', 'finder = "jackpot"\nsearch = { lr = "fast" }', ["(jackpot)", "'search.lr'"]),
        ('finder = "imp"', 'finder = "set"\nsearch = { epochs = 1 }', ["method 3 (set)", "has no option 'search'"]),
    ],
)
def test_a_wrong_study_file_is_one_sentence(old: str, new: str, words: list[str], tmp_path: Path) -> None:
    path = write(tmp_path, **{old: new})
    with pytest.raises(UserError) as caught:
        Study.open(tmp_path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"There is no study at .*{re.escape(typed('pruning', 'init'))}"):
        Study.open(tmp_path / "none")


def test_what_cannot_be_had_is_said_before_any_work(tmp_path: Path) -> None:
    for old, new, words in [
        ('data = "digits"', 'data = "cifar10"', "cifar10.*--download"),
        ('data = "digits"', 'data = "digit"', "Unknown data set 'digit'"),
        ('model = "lenet300"', 'model = "lenet301"', "Unknown model 'lenet301'"),
        ('model = "lenet300"', 'model = "lenet5"', "at least 12x12 pixels"),
    ]:
        write(tmp_path, **{old: new})
        with pytest.raises(UserError, match=words):
            run(Study.open(tmp_path), RunOptions(root=str(tmp_path / "no-data"), jobs=1))
    assert not list(tmp_path.rglob("*.safetensors"))


def test_files_of_other_names_get_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(TINY)
    Path("study.toml").write_text(TINY)
    assert Study.open("mine.toml").path == Path("studies/mine")
    assert Study.open("study.toml").path == Path("studies/a-tiny-study")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    write(folder)
    assert Study.open(folder).path == folder


def test_what_trains_nothing_counts_while_it_is_still_to_do(tmp_path: Path) -> None:
    """Scoring and testing alone: else all is told as done while the first of four is at work."""
    text = 'title = "t"\nmodel = "lenet300"\ndata = "digits"\nsparsities = [0.5]\n[training]\nepochs = 0\n' + "".join(
        f'[[method]]\ncriterion = "{name}"\nscore_on = "trained"\nfinetune = {{ epochs = 0 }}\n'
        for name in ("magnitude", "random", "snip")
    )
    told: list[tuple[int, float]] = []

    class Counting(Watcher):
        ended = 0

        def found(self, recipe: Recipe, info: object) -> None:
            self.ended += 1

    watcher = Counting()
    options = RunOptions(jobs=1)
    assert not run(
        Study.open(write(tmp_path, text)), options, lambda at, _: told.append((watcher.ended, at)), watcher
    ).failed
    assert watcher.ended == 4
    assert {ended: fraction for ended, fraction in told if ended < 4}[3] == 1.0
    for ended in range(3):
        assert max(fraction for before, fraction in told if before == ended) == pytest.approx((ended + 1) / 4)
    heard: list[float] = []
    find_ticket(Study.open(tmp_path).recipes()[-1], lambda at, _: heard.append(at))
    assert heard[-1] == 1.0
    assert [at for at in heard if at < 1]
