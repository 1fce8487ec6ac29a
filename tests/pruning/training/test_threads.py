"""The number of threads: a task's own, whatever the machine has, and what a ticket says of it."""

import itertools
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from analysis import robustness
from analysis.engine import measure
from analysis.engine.groups import WORTH_SECONDS, pick_processes
from analysis.results.store import Results
from pruning import Recipe, Study, Ticket, Training, find_ticket
from pruning.cli.find_command import command_line
from pruning.cli.tables import ticket_view
from pruning.criteria import CRITERIA
from pruning.data import DATASETS, Dataset, Split, load_data
from pruning.data.base import EmbeddedData, make_dataset
from pruning.execution import cores
from pruning.finders.base import Trainer
from pruning.finders.scoring import prune_by_score
from pruning.models import build_model, count_macs
from pruning.study.runner import RunOptions, run
from pruning.training.precision import LARGE_NETWORK, SMALL_NETWORK, on_threads, pick_threads, settled

SHAPE = (3, 16, 16)  # of which size a ResNet-20 is no small network, so that all threads once shared its work
SHORT = Training(epochs=0.5, batch_size=64, warmup_epochs=0, precision="float32")  # 2 iterations
STUDY = """
title = "Threads"
model = "resnet20"
data = "enlarged"
seeds = [0]
sparsities = [0.9]
[training]
epochs = 0.5
batch_size = 64
warmup_epochs = 0
precision = "float32"
[[method]]
criterion = "snip"
score_per_class = 5
[analysis]
corruptions = ["contrast"]
severities = [3]
"""
TABLES = ["conditions", "samples", "reliability"]


def enlarged() -> Dataset:
    """A few of the digits, in colour and twice as high and wide."""
    whole = load_data("digits")
    parts = (whole.train, slice(256)), (whole.test, slice(100))
    large = [
        part.images[rows].repeat_interleave(2, 2).repeat_interleave(2, 3).expand(-1, 3, -1, -1) for part, rows in parts
    ]
    splits = [Split(images.contiguous(), part.labels[rows]) for images, (part, rows) in zip(large, parts, strict=True)]
    return make_dataset("enlarged", whole.classes, *splits)


@pytest.fixture(autouse=True)
def data() -> Iterator[None]:
    DATASETS.register(EmbeddedData("enlarged", enlarged))
    yield
    DATASETS.unregister("enlarged")


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    """Threads are as before when a test is over."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def resnet20(**fields: object) -> Recipe:
    fields = {"sparsity": 0.9, "criterion": "snip", "score_per_class": 5, "training": SHORT} | fields
    return Recipe(model="resnet20", data="enlarged", **fields)


def same(one: Ticket, other: Ticket) -> bool:
    return one.digest == other.digest and one.info.accuracy == other.info.accuracy


def test_a_ticket_of_a_network_that_is_not_small_is_the_same_on_one_thread_and_on_two() -> None:
    assert count_macs(build_model("resnet20", 10, SHAPE, 0), SHAPE) > SMALL_NETWORK
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(find_ticket(resnet20()))
        assert torch.get_num_threads() == threads
    assert same(*found)
    assert all(ticket.info.threads == 1 for ticket in found)


@pytest.mark.parametrize("criterion", ["snip", "grasp", "taylor"])
def test_scores_are_the_same_on_one_thread_and_on_two(criterion: str) -> None:
    masks = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        recipe = resnet20(criterion=criterion, score_on="init")
        model = build_model("resnet20", 10, SHAPE, 0)
        masks.append(prune_by_score(recipe, model, Trainer(load_data("enlarged"))))
    assert all(torch.equal(mask, masks[1][name]) for name, mask in masks[0].items())
    assert CRITERIA[criterion].needs_data


def test_the_threads_that_a_ticket_records_give_it_again() -> None:
    recipe = resnet20(criterion="random", training=SHORT.but(epochs=0.25))
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(find_ticket(recipe, threads=2))
    assert same(*found)
    info = found[0].info
    assert (info.threads, info.device) == (2, "cpu")
    assert info.cpu == torch.backends.cpu.get_cpu_capability()
    assert shlex.split(command_line(recipe, Path("."), info.threads))[-4:-2] == ["--threads", "2"]


def test_one_process_and_two_find_the_same_and_it_is_measured_alike(tmp_path: Path) -> None:
    """Worker processes begin with a thread a core, this one has the number that is set here."""
    found: list[Study] = []
    for jobs, threads in ((1, 1), (2, 2)):
        torch.set_num_threads(threads)
        folder = tmp_path / str(jobs)
        folder.mkdir()
        (folder / "study.toml").write_text(STUDY)
        study = Study.open(folder)
        assert not run(study, RunOptions(jobs=jobs)).failed
        assert not measure.run(study, only=TABLES, jobs=1).problems
        found.append(study)
    one, two = ({entry.id: entry for entry in study.entries()} for study in found)
    assert len(one) == 2
    for key in one:
        assert same(Ticket.load(one[key].path), Ticket.load(two[key].path))
        assert one[key].info.threads == two[key].info.threads == 1
    for table in TABLES:
        frames = [Results(study.path).table(table) for study in found]
        pd.testing.assert_frame_equal(*frames, check_exact=True)
        made = Results(found[1].path).made("conditions", key).values()
        assert {each.machine for each in made} == {f"1 thread of cpu ({one[key].info.cpu})"}
    shown = [ticket_view(entry.path).renderables[0] for entry in two.values()]
    assert all("made on 1 thread of cpu (" in str(head) for head in shown)


def test_what_a_network_makes_of_images_does_not_depend_on_the_threads_there_are() -> None:
    ticket = find_ticket(resnet20(criterion="random", training=SHORT.but(epochs=0.25)))
    images = torch.randint(0, 256, (60, *SHAPE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        labels = torch.arange(60) % 10
        found.append(robustness.evaluate({"it": ticket}, images, labels, ["contrast"], [3]))
    pd.testing.assert_frame_equal(*found, check_exact=True)


@pytest.mark.parametrize(
    ("macs", "expected"), [(0, 1), (SMALL_NETWORK, 1), (LARGE_NETWORK - 1, 1), (LARGE_NETWORK, 4), (10**11, 4)]
)
def test_threads_go_by_the_size_of_the_network_alone(macs: int, expected: int) -> None:
    for threads in (1, 3):
        torch.set_num_threads(threads)
        assert pick_threads(macs) == expected
        with settled(macs):
            assert torch.get_num_threads() == expected
        assert torch.get_num_threads() == threads


def test_new_memory_is_not_filled_within_and_as_before_after() -> None:
    """With deterministic kernels torch fills it with NaN; of a network's time that was a tenth."""
    memory: Any = torch.utils.deterministic
    torch.use_deterministic_algorithms(True)
    try:
        with settled(0):
            assert torch.are_deterministic_algorithms_enabled()
            assert not memory.fill_uninitialized_memory
        assert memory.fill_uninitialized_memory
        assert torch.empty(1000).isnan().all()
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_kernels_are_deterministic_within_and_as_before_after(mode: int) -> None:
    """As torch's own function has it, which tells the compiler too; the one here does where there is a compiler."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    warned = torch.get_deterministic_debug_mode()
    compiler = sys.modules["torch._inductor.config"]
    torch.use_deterministic_algorithms(mode > 0, warn_only=mode == 1)
    try:
        assert torch.get_deterministic_debug_mode() == mode
        with settled(0):
            assert torch.get_deterministic_debug_mode() == warned
            assert compiler.deterministic
        assert torch.get_deterministic_debug_mode() == mode
        assert compiler.deterministic == (mode > 0)
    finally:
        torch.use_deterministic_algorithms(False)


def test_a_task_has_one_number_whatever_is_run_in_it() -> None:
    torch.set_num_threads(3)
    with on_threads(2):
        assert torch.get_num_threads() == 2
        for macs, inner in itertools.product((0, LARGE_NETWORK), (0, 2)):
            with on_threads(inner), settled(macs):
                assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3
    with on_threads(0):
        assert torch.get_num_threads() == 3
        assert pick_threads(0) == 1


def test_processes_leave_each_its_threads() -> None:
    assert pick_processes(0, SMALL_NETWORK, WORTH_SECONDS) == cores()
    assert pick_processes(0, LARGE_NETWORK, WORTH_SECONDS) == 1
    assert pick_processes(0, SMALL_NETWORK, WORTH_SECONDS, cores()) == 1
