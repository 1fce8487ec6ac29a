"""What scoring takes, what is refused, and the batch: part of the recipe, and nothing that the machine decides."""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pruning import Recipe, Study, UserError, find_ticket
from pruning.criteria import CRITERIA, Context
from pruning.criteria.gradients import differentiable_copy, loss_gradient
from pruning.data import load_data, normalise
from pruning.finders.base import Trainer
from pruning.finders.scoring import prune_by_score, scoring_batches
from pruning.finders.scoring_memory import Need, _course, processes_that_fit, scoring_need
from pruning.masks import full_masks
from pruning.models import build_model, prunable
from pruning.study.runner import RunOptions, run
from pruning.training.free_memory import _available, _left, free_bytes
from tests.conftest import TINY

CPU = torch.device("cpu")
SHAPE = (1, 8, 8)


def snip(model: str = "resnet20", **fields: object) -> Recipe:
    return Recipe(model=model, data="digits", **{"criterion": "snip", "sparsity": 0.9, **fields})


def context_of(model: nn.Module) -> Context:
    return Context([], torch.Generator(), full_masks(prunable(model)))


# --- the estimate ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "criterion"),
    [("resnet20", "cka"), *((name, each) for name in ("lenet300", "resnet20") for each in ("snip", "grasp", "taylor"))],
)
def test_few_images_tell_what_many_take(name: str, criterion: str) -> None:
    model = build_model(name, 10, SHAPE, 0)
    need = Need.of(CRITERIA[criterion], model, SHAPE, context_of(model))
    for images in (2, 7, 40):
        counted = max(_course(CRITERIA[criterion], model, SHAPE, context_of(model), images))
        assert need.bytes(images) == pytest.approx(counted, rel=0.01)


@pytest.mark.parametrize("name", ["conv2", "resnet20"])
def test_snip_keeps_what_autograd_saves(name: str) -> None:
    """Counted by autograd's own hooks, of which the estimate knows nothing."""
    model = build_model(name, 10, SHAPE, 0)
    own = {weight.untyped_storage()._cdata for weight in [*model.parameters(), *model.buffers()]}

    def saved(images: int) -> int:
        storages: dict[int, torch.UntypedStorage] = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if storage._cdata not in own:
                storages[storage._cdata] = storage
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            F.cross_entropy(model(torch.randn(images, *SHAPE)), torch.zeros(images, dtype=torch.long))
        return sum(storage.nbytes() for storage in storages.values())

    an_image = (saved(12) - saved(4)) / 8
    need = Need.of(CRITERIA["snip"], model, SHAPE, context_of(model))
    grows = (need.bytes(4000) - need.bytes(2000)) / 2000
    assert an_image <= grows <= 1.5 * an_image  # and what the backward pass makes on its way
    second = Need.of(CRITERIA["grasp"], model, SHAPE, context_of(model))
    assert 1.5 * grows < (second.bytes(4000) - second.bytes(2000)) / 2000 < 5 * grows


def test_the_most_images_that_fit_do_and_one_more_does_not() -> None:
    need = scoring_need(snip(), load_data("digits"))
    assert need is not None
    for free in (6e6, 2e7, 5e8):
        fitting = need.images(free)
        assert need.bytes(fitting) <= free < need.bytes(fitting + 1)
    assert need.images(1e5) == 0
    assert scoring_need(snip(criterion="magnitude"), load_data("digits")) is None


# --- what does not fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "free", "words"),
    [
        ("resnet20", 20e6, "another recipe, as batch normalisation sees the batch"),
        ("conv2", 10e6, "the same but for rounding"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_batch_that_would(model: str, free: float, words: str) -> None:
    recipe, data = snip(model), load_data("digits")
    with pytest.raises(UserError, match=words) as refused:
        processes_that_fit([recipe], data, CPU, free=int(free))
    sentence = str(refused.value)
    assert re.match(rf"SNIP takes about 2\d MB to score {model} on 250 images of 8 x 8 at once \(\d+ kB an", sentence)
    named = int(re.findall(r"score_batch = (\d+)", sentence)[0])
    assert processes_that_fit([recipe.but(score_batch=named)], data, CPU, free=int(free)) == 1
    with pytest.raises(UserError, match="score_batch"):
        processes_that_fit([recipe.but(score_batch=named + 1)], data, CPU, free=int(free))


def test_where_not_even_two_images_fit_no_batch_is_named() -> None:
    with pytest.raises(UserError, match="not even two images fit; run it where there is more memory") as refused:
        processes_that_fit([snip()], load_data("digits"), CPU, free=2_000_000)
    assert "score_batch =" not in str(refused.value)


def test_a_control_is_refused_as_its_original_is_and_what_sees_no_images_never() -> None:
    data = load_data("digits")
    for recipe in (snip(criterion="magnitude"), snip(criterion="synflow"), snip(score_batch=2)):
        assert processes_that_fit([recipe], data, CPU, free=20_000_000) == 1
    inverted = Recipe(model="resnet20", data="digits", finder="inverted", of=snip())
    with pytest.raises(UserError, match="SNIP takes about"):
        processes_that_fit([inverted], data, CPU, free=20_000_000)


def test_fewer_run_side_by_side_where_not_all_fit() -> None:
    recipe, data = snip(), load_data("digits")
    need = scoring_need(recipe, data)
    assert need is not None
    room = int(2.5 * (need.bytes(250) + 5e8))
    assert [processes_that_fit([recipe], data, CPU, wanted, room) for wanted in (1, 2, 3, 8)] == [1, 2, 2, 2]


def test_a_run_that_will_not_fit_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(TINY.replace('criterion = "magnitude"', 'criterion = "snip"'))
    study = Study.open(tmp_path)
    assert any(recipe.criterion == "snip" for recipe in study.recipes())
    with pytest.raises(UserError, match=r"SNIP takes about .* and 1 MB are free"):
        run(study, RunOptions(jobs=1, memory=0.001))
    assert not study.entries()
    with pytest.raises(UserError, match="SNIP takes about"):
        find_ticket(snip("lenet300"), memory=0.001)


def test_the_batch_is_never_chosen_from_the_memory_that_is_free() -> None:
    short = {"training": {"epochs": 0.05, "warmup_epochs": 0}}
    scarce, plenty = (find_ticket(snip("lenet300", **short), memory=memory) for memory in (0.1, 100.0))
    assert scarce.digest == plenty.digest


# --- the batch in the recipe -----------------------------------------------------------------------------------------


def test_ids_are_as_before_where_the_batch_is_left_out() -> None:
    recipe = snip()
    assert recipe.id == snip(score_batch=250).id
    assert "score_batch" not in recipe.canonical()
    assert recipe.id != snip(score_batch=50).id
    assert snip(score_batch=50).canonical()["score_batch"] == 50
    assert snip(criterion="magnitude", score_batch=50).id == snip(criterion="magnitude").id  # which sees no images
    with pytest.raises(UserError, match="score_batch"):
        snip(score_batch=0)


@pytest.mark.parametrize(
    ("size", "expected"), [(250, [250]), (60, [60, 60, 60, 60, 10]), (83, [83, 83, 84]), (1, None)]
)
def test_batches_are_as_large_as_the_recipe_says(size: int, expected: list[int] | None) -> None:
    """A last image alone joins the batch before when it is scored."""
    from pruning.criteria.batches import count_images, without_single

    data = load_data("digits")
    batches = scoring_batches(snip(score_batch=size), Trainer(data))
    assert count_images(batches) == 250
    sizes = [len(labels) for _, labels in without_single(batches)]
    assert sizes == (expected or [*[1] * 248, 2])
    images, labels = batches[0]
    assert torch.equal(images, normalise(data.train.images[batches.rows[0]], data.mean, data.std))
    assert torch.equal(labels, data.train.labels[batches.rows[0]])
    assert len(batches[1:]) == len(batches) - 1


def test_another_batch_is_another_mask_where_batch_normalisation_sees_it_and_else_the_same_scores() -> None:
    data = load_data("digits")

    def masks(recipe: Recipe) -> torch.Tensor:
        found = prune_by_score(recipe, build_model(recipe.model, 10, SHAPE, 0), Trainer(data))
        return torch.cat([mask.flatten() for mask in found.values()])

    def gradients(model: str, size: int) -> torch.Tensor:
        twin = differentiable_copy(build_model(model, 10, SHAPE, 0), batch_statistics=True)
        batches = scoring_batches(snip(model, score_batch=size), Trainer(data))
        return torch.cat([each.flatten() for each in loss_gradient(twin, prunable(twin), batches).values()])

    one, other = masks(snip()), masks(snip(score_batch=25))
    assert 0.2 < float((one & other).sum() / (one | other).sum()) < 0.95
    torch.testing.assert_close(gradients("conv2", 25), gradients("conv2", 250), rtol=1e-3, atol=1e-7)


def test_one_image_at_a_time_is_refused_where_batch_normalisation_needs_two() -> None:
    trainer = Trainer(load_data("digits"))
    with pytest.raises(UserError, match="`score_batch = 1` leaves batch normalisation a single image"):
        prune_by_score(snip(score_batch=1), build_model("resnet20", 10, SHAPE, 0), trainer)
    prune_by_score(snip("lenet300", score_batch=1), build_model("lenet300", 10, SHAPE, 0), trainer)


# --- what is free ----------------------------------------------------------------------------------------------------


def test_what_is_free_is_what_the_system_and_the_container_leave(tmp_path: Path) -> None:
    info = tmp_path / "meminfo"
    info.write_text("MemTotal:  9000 kB\nMemAvailable:   500 kB\n")
    assert _available(info) == 500 * 1024
    assert _available(tmp_path / "none") is None
    for name, text in {"max": "1000\n", "now": "700\n", "memory.stat": "anon 5\ninactive_file 200\n"}.items():
        (tmp_path / name).write_text(text)
    assert _left("max", "now", "inactive_file", tmp_path) == 500
    (tmp_path / "max").write_text("max\n")
    assert _left("max", "now", "inactive_file", tmp_path) is None
    assert _left("none", "now", "inactive_file", tmp_path) is None
    assert free_bytes(torch.device("meta")) is None
    if Path("/proc/meminfo").exists():
        assert 10**6 < (free_bytes(CPU) or 0) < 10**14
