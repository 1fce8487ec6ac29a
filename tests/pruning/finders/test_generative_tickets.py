"""Tickets of networks that make images: pruning and rewinding against the steps done by hand, parts, transplants."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pruning import Recipe, Ticket, Training, find_ticket
from pruning.data import load_data
from pruning.errors import UserError
from pruning.finders.base import Trainer, reinit_seed
from pruning.finders.controls import shuffle
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.masks import by_part
from pruning.models import build_model
from pruning.models.generative import Generative
from pruning.shrink import shrink
from pruning.tasks import get_task
from pruning.training.seeds import generator

SHAPE, STEPS, REWIND, BATCH = (1, 8, 8), 26, 7, 64
TRAINING = Training(
    epochs=STEPS / 23,  # 23 batches make an epoch of the digits
    batch_size=BATCH,
    optimizer="adamw",
    lr=2e-3,
    weight_decay=0.01,
    warmup_epochs=0,
    schedule="constant",
    betas=(0.5, 0.99),
)
State = dict[str, Tensor]


def common(task: str) -> dict[str, Any]:
    """What recipes of a task have in common."""
    return {"model": f"{task}_mlp", "task": task, "data": "digits", "training": TRAINING, "seed": 3}


def find_all(*recipes: Recipe) -> dict[str, Ticket]:
    """The tickets of the recipes and of all they descend from, by id."""
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, trainer)
    return known


def by_hand(task_name: str, start: State, masks: State, first: int, last: int) -> State:
    """Iterations `first` to `last` - 1: for each phase its loss, its gradient, its own AdamW, which starts empty."""
    model, task = build_model(f"{task_name}_mlp", 10, SHAPE, 0), get_task(task_name)
    model.load_state_dict(start)
    weights = dict(model.named_parameters())
    optimizers = []
    for phase in task.phases:
        own = [weight for name, weight in weights.items() if phase.owns(name)]
        groups = [
            {"params": [weight for weight in own if weight.ndim > 1], "weight_decay": 0.01},
            {"params": [weight for weight in own if weight.ndim == 1], "weight_decay": 0.0},
        ]
        optimizers.append(torch.optim.AdamW(groups, lr=2e-3, betas=(0.5, 0.99), foreach=True))
    train = load_data("digits").train
    for step in range(first, last):
        epoch, place = divmod(step, 23)
        rows = torch.randperm(len(train.labels), generator=generator(3, "order", epoch))[BATCH * place :][:BATCH]
        batch = (train.images[rows].float() / 255, train.labels[rows])
        for phase, optimizer in zip(task.phases, optimizers, strict=True):
            optimizer.zero_grad()
            loss = task.loss(phase, model, batch, partial(generator, 3, "task", step)).value
            loss.backward()
            for name, mask in masks.items():
                gradient = weights[name].grad
                if gradient is not None:
                    gradient.mul_(mask)
            optimizer.step()
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def masked(state: State, masks: State) -> State:
    """The state with pruned weights at zero."""
    return {name: value * masks[name] if name in masks else value for name, value in state.items()}


def largest(state: State, masks: State, keep: int) -> State:
    """The masks of the `keep` largest weights of all parts together, of those that are kept already."""
    sizes = torch.cat([torch.where(mask, state[name].abs(), -1.0).flatten() for name, mask in masks.items()])
    threshold = sizes.sort(descending=True).values[keep - 1]
    return {name: mask & (state[name].abs() >= threshold) for name, mask in masks.items()}


@pytest.mark.parametrize("task", ["vae", "gan"])
def test_late_rewinding_by_hand(task: str) -> None:
    """Two levels: trained, the smallest of all parts together removed, back to iteration 7 with empty optimisers."""
    recipe = Recipe(**common(task), finder="imp", rate=0.5, sparsity=0.75, rewind=REWIND)
    middle, rewound = parents_of(recipe)
    known = find_all(recipe)
    start = build_model(f"{task}_mlp", 10, SHAPE, 3).state_dict()
    early = by_hand(task, start, {}, 0, REWIND)
    assert known[rewound.id].state.keys() == early.keys()
    trained = by_hand(task, start, {}, 0, STEPS)
    masks = {name: torch.ones_like(mask) for name, mask in known[recipe.id].masks.items()}
    total = sum(mask.numel() for mask in masks.values())
    dense = known[parents_of(middle)[0].id]
    for found, state in ((known[rewound.id], early), (dense, trained)):
        assert all(torch.equal(found.state[name], value) for name, value in state.items())
    for level, sparsity in ((middle, 0.5), (recipe, 0.75)):
        masks = largest(trained, masks, total - round(sparsity * total))
        trained = by_hand(task, masked(early, masks), masks, REWIND, STEPS)
        ticket = known[level.id]
        assert all(torch.equal(ticket.masks[name], mask) for name, mask in masks.items())
        assert all(torch.equal(ticket.state[name], value) for name, value in trained.items())
    parts = by_part(known[recipe.id].info.layers, get_task(task).parts)
    assert sum(kept for kept, _ in parts.values()) == total - round(0.75 * total)
    assert len({round(kept / size, 3) for kept, size in parts.values()}) == 2  # one is pruned harder than the other


@pytest.mark.parametrize(("task", "part"), [("vae", "decoder"), ("gan", "discriminator")])
def test_one_part_alone(task: str, part: str) -> None:
    ticket = find_ticket(Recipe(**common(task), finder="imp", rate=0.5, sparsity=0.5, rewind=REWIND, scope=part))
    assert {name.partition(".")[0] for name in ticket.masks} == {part}
    assert ticket.sparsity == pytest.approx(0.5, abs=1e-4)
    other = next(name for name in get_task(task).parts if name != part)
    assert all(bool((value != 0).all()) for name, value in ticket.state.items() if name.startswith(f"{other}."))
    assert by_part(ticket.info.layers, get_task(task).parts) == {part: (ticket.kept, ticket.total)}


def test_a_part_that_is_not_there() -> None:
    recipe = Recipe(**common("vae"), finder="imp", rate=0.5, sparsity=0.5, scope="generator")
    with pytest.raises(UserError, match=r"in its part 'generator'; its parts are encoder, decoder"):
        find_ticket(recipe)


def test_controls() -> None:
    of = Recipe(**common("gan"), finder="imp", rate=0.5, sparsity=0.5, rewind=REWIND)
    new = Recipe(**common("gan"), finder="random_reinit", of=of)
    chance = Recipe(**common("gan"), finder="shuffled", of=of)
    known = find_all(new, chance)
    masks = known[of.id].masks
    assert all(torch.equal(known[new.id].masks[name], mask) for name, mask in masks.items())
    start = masked(build_model("gan_mlp", 10, SHAPE, reinit_seed(3)).state_dict(), masks)
    assert all(
        torch.equal(known[new.id].state[name], value)
        for name, value in by_hand("gan", start, masks, 0, STEPS).items()
    )  # fmt: skip
    assert by_part(known[chance.id].info.layers, ["generator"]) == by_part(known[of.id].info.layers, ["generator"])
    assert any(not torch.equal(known[chance.id].masks[name], mask) for name, mask in masks.items())


@pytest.mark.parametrize("task", ["autoencoder", "vae", "gan"])
@pytest.mark.parametrize("criterion", ["random", "magnitude", "snip", "grasp", "taylor"])
def test_criteria_on_a_generative_loss(task: str, criterion: str) -> None:
    fields = {**common(task), "training": TRAINING.but(epochs=2 / 23), "criterion": criterion, "sparsity": 0.6}
    # Of an untrained decoder many neurons are never active, and what has no gradient GraSP ranks in the middle.
    recipe = Recipe(**fields, **({"ties": "random"} if criterion == "grasp" else {}))
    ticket = find_ticket(recipe)
    assert ticket.sparsity == pytest.approx(0.6, abs=1e-4)


def test_snip_by_hand() -> None:
    """|w dL/dw| of the mean bound over the images that are scored."""
    from pruning.criteria import CRITERIA, Context

    model, task = build_model("vae_mlp", 10, SHAPE, 0), get_task("vae")
    batch = (torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(0)), torch.zeros(6, dtype=torch.int64))
    seen: list[tuple[object, ...]] = []

    class Watched(type(task)):  # type: ignore[misc]
        def loss(self, phase: Any, model: nn.Module, batch: Any, draws: Any, smoothing: float = 0.0) -> Any:
            seen.append((draws("latents").initial_seed(),))
            return super().loss(phase, model, batch, draws, smoothing)

    scores = CRITERIA["snip"].score(model, Context([batch], torch.Generator(), task=Watched()))
    source = torch.Generator().manual_seed(seen[0][0])  # type: ignore[arg-type]
    loss = task.loss(task.phases[0], model, batch, lambda *purpose: source).value
    loss.backward()
    for name, score in scores.items():
        weight = model.get_parameter(name)
        assert weight.grad is not None
        torch.testing.assert_close(score, (weight * weight.grad).abs().detach(), rtol=1e-4, atol=1e-7)


def test_synflow_where_it_is_defined() -> None:
    fields = {"criterion": "synflow", "sparsity": 0.6}
    short = TRAINING.but(epochs=2 / 23)
    assert find_ticket(Recipe(**{**common("autoencoder"), "training": short}, **fields)).sparsity > 0.59
    for task in ("vae", "gan"):
        with pytest.raises(UserError, match=f"SynFlow is not defined for the task '{task}'"):
            find_ticket(Recipe(**{**common(task), "training": short}, **fields))


@pytest.mark.parametrize(("donor", "receiver"), [("vae", "gan"), ("gan", "vae")])
@pytest.mark.parametrize("mask", ["ticket", "shuffled", "none"])
@pytest.mark.parametrize("weights", ["rewound", "new"])
def test_transplant_by_hand(donor: str, receiver: str, mask: str, weights: str) -> None:
    part, into = ("decoder", "generator")[:: 1 if donor == "vae" else -1]
    of = Recipe(**common(donor), finder="imp", rate=0.5, sparsity=0.5, rewind=REWIND)
    recipe = Recipe(**common(receiver), finder="transplant", of=of, part=part, mask=mask, weights=weights)
    assert (recipe.scope, recipe.sparsity) == (into, 0.0 if mask == "none" else 0.5)
    known = find_all(recipe, of)
    ticket = known[recipe.id]
    masks = {
        name.replace(part, into, 1): each for name, each in known[of.id].masks.items() if name.startswith(f"{part}.")
    }
    if mask == "none":
        masks = {name: torch.ones_like(each) for name, each in masks.items()}
    if mask == "shuffled":
        masks = shuffle(masks, 3)
    assert ticket.masks.keys() == masks.keys()
    assert all(torch.equal(ticket.masks[name], each) for name, each in masks.items())
    start = build_model(f"{receiver}_mlp", 10, SHAPE, 3).state_dict()
    if weights == "rewound":
        early = known[parents_of(of)[1].id].state
        start |= {name.replace(part, into, 1): v for name, v in early.items() if name.startswith(f"{part}.")}
    expected = by_hand(receiver, masked(start, masks), masks, 0, STEPS)
    assert all(torch.equal(ticket.state[name], value) for name, value in expected.items())


def test_transplants_that_do_not_fit() -> None:
    of = Recipe(**common("vae"), finder="imp", rate=0.5, sparsity=0.5)
    known = find_all(of)
    trainer = Trainer(load_data("digits"))
    for options, sentence in (
        ({"part": "encoder", "into": "generator"}, "'encoder' of 'vae_mlp' does not fit 'generator' of 'gan_mlp'"),
        ({"part": "generator", "into": "generator"}, "'generator' of 'vae_mlp' does not fit"),
        ({"part": "decoder", "into": "decoder"}, "'decoder' of 'vae_mlp' does not fit 'decoder' of 'gan_mlp'"),
    ):
        with pytest.raises(UserError, match=sentence):
            find_step(Recipe(**common("gan"), finder="transplant", of=of, **options), known, trainer)
    trained = Recipe(**common("vae"), criterion="magnitude", sparsity=0.5)
    with pytest.raises(UserError, match="starts from trained weights"):
        Recipe(**common("gan"), finder="transplant", of=trained)


def test_a_network_and_a_task_that_do_not_fit() -> None:
    for task, model, sentence in (
        ("vae", "lenet300", "has no encoder and decoder"),
        ("gan", "vae_mlp", "has no generator and discriminator"),
        (None, "vae_mlp", r'makes images, no logits of classes; .* task = "vae"'),
    ):
        with pytest.raises(UserError, match=sentence):
            find_ticket(Recipe(model=model, task=task, data="digits", finder="dense", training=TRAINING))


@pytest.mark.parametrize("finder", ["edge_popup", "movement"])
def test_scores_in_place_of_weights(finder: str) -> None:
    """An autoencoder's loss is one of its output; that of the others runs parts by themselves."""
    fields: dict[str, Any] = {"finder": finder, "sparsity": 0.5}
    short = TRAINING.but(epochs=2 / 23)
    assert find_ticket(Recipe(**{**common("autoencoder"), "training": short}, **fields)).sparsity == 0.5
    for task in ("vae", "gan"):
        with pytest.raises(UserError, match=f"Finder '{finder}' trains scores .* task '{task}' runs parts"):
            find_ticket(Recipe(**{**common(task), "training": short}, **fields))


@pytest.mark.parametrize(
    "finder", ["rigl", "set", "gmp", "lrr", "iterative", "early_bird", "random_reinit", "inverted"]
)
def test_other_finders(finder: str) -> None:
    """Those that grow weights back after a backward pass do not work on a loss of two phases, and say so; others do."""
    short = TRAINING.but(epochs=2 / 23)
    of = {"of": Recipe(**{**common("gan"), "training": short}, criterion="snip", sparsity=0.5)}
    made = finder in ("random_reinit", "inverted")
    recipe = Recipe(**{**common("gan"), "training": short}, finder=finder, **(of if made else {"sparsity": 0.5}))
    if finder in ("rigl", "set"):
        with pytest.raises(UserError, match="need a loss of one phase, and the task 'gan' has 2"):
            find_ticket(recipe)
        return
    assert find_ticket(recipe).sparsity == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("task", ["autoencoder", "vae", "gan"])
def test_whole_neurons_go_but_for_latents_and_pixels(task: str) -> None:
    short = TRAINING.but(epochs=2 / 23)
    ticket = find_ticket(
        Recipe(**{**common(task), "training": short}, criterion="magnitude", structure="filter", sparsity=0.5)
    )
    model = ticket.model()
    assert isinstance(model, Generative)
    assert {"decoder.fc3.weight", "generator.fc3.weight"} & model.ends()
    assert len(model.ends()) == 2
    for name in model.ends():
        assert bool((ticket.masks[name].any(dim=0) == ticket.masks[name].all(dim=0)).all())  # no row alone is gone
    gone = [int((~mask.any(dim=1)).sum()) for mask in ticket.masks.values()]
    assert sum(gone) > 0
    if task == "gan":
        return
    small = shrink(model, ticket.masks, SHAPE)
    assert small is not None
    images = torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(small(images), model(images), rtol=1e-4, atol=1e-5)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in model.parameters())
