"""Options of finders, criteria, allocations and granularities that are added from outside, flat beside the others."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pruning import Recipe, Study, Training, UserError, find_ticket
from pruning.allocation import ALLOCATIONS, Allocation
from pruning.criteria import CRITERIA, Context, Criterion, Scores
from pruning.finders.base import Finder, Trainer, make_ticket, no_parents, training_epochs
from pruning.finders.options import ScoredPieces
from pruning.finders.scoring import prune_by_score
from pruning.granularity import GRANULARITIES, Granularity
from pruning.granularity.block import units as tiles
from pruning.models import prunable
from pruning.procedure import FINDERS
from pruning.ticket import Ticket
from pruning.validation import Options, option

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "sparsity": 0.8,
    "training": Training(epochs=0.2, batch_size=64, lr=0.05, warmup_epochs=0),
}


class Power(Options):
    """Options of the criterion `power`."""

    power: float = option(2.0, "Power", gt=0)


def power(model: nn.Module, context: Context) -> Scores:
    """|w| to a power, of which only the sign decides: below 0 the smallest would stay."""
    assert isinstance(context.options, Power)
    return {name: weight.abs() ** context.options.power for name, weight in context.weights(model).items()}


class Taper(Options):
    """Options of the allocation `taper`."""

    taper: float = option(0.0, "Taper", ge=0)


def taper(options: Options) -> Callable[[torch.Size], float]:
    """Layers of more inputs are sparser."""
    assert isinstance(options, Taper)
    return partial(lambda power, shape: float(shape[1]) ** -power, options.taper)


class Side(Options):
    """Options of the granularity `square`."""

    side: int = option(2, "Side", ge=1)


def square(options: Options) -> Granularity:
    """Square tiles."""
    assert isinstance(options, Side)
    return Granularity("square", units=partial(tiles, options.side, options.side))


class Twice(ScoredPieces):
    """Options of the finder `twice`."""

    between: float = option(0.5, "Sparsity between", gt=0, lt=1)


def twice(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Prune in two cuts, then train."""
    model, between = trainer.build(recipe), Twice.read(recipe).between
    masks = prune_by_score(recipe, model, trainer, sparsity=between * recipe.sparsity)
    masks = prune_by_score(recipe, model, trainer, within=masks)
    trained = trainer.train(model, recipe.training, recipe, masks)
    return make_ticket(recipe, model, masks, trained, trainer, 0.0)


@pytest.fixture(autouse=True)
def added() -> Iterator[None]:
    """One of each, with an option."""
    CRITERIA.register(Criterion("power", "Power", "made up", power, needs_data=False, options=Power))
    ALLOCATIONS.register(Allocation("taper", "by inputs", None, Taper, taper))
    GRANULARITIES.register(Granularity("square", units=partial(tiles, 2, 2), options=Side, configure=square))
    FINDERS.register(
        Finder(
            name="twice", label="Twice", words="in two cuts", options=Twice, parents=no_parents, find=twice,
            cost=training_epochs,
        )
    )  # fmt: skip
    yield
    for registry, name in ((CRITERIA, "power"), (ALLOCATIONS, "taper"), (GRANULARITIES, "square"), (FINDERS, "twice")):
        registry.unregister(name)


def test_an_option_enters_the_id_and_its_default_is_written_out() -> None:
    plain = Recipe(**COMMON, criterion="power")
    assert plain.canonical()["power"] == 2.0
    assert plain.id == Recipe(**COMMON, criterion="power", power=2).id
    assert plain.id != Recipe(**COMMON, criterion="power", power=3).id
    again = Recipe.model_validate_json(Recipe(**COMMON, criterion="power", power=3).model_dump_json(exclude_none=True))
    assert again == Recipe(**COMMON, criterion="power", power=3)
    assert "power" not in Recipe(**COMMON, criterion="magnitude").canonical()
    assert plain.but(criterion="magnitude").id == Recipe(**COMMON, criterion="magnitude", score_on="init").id


def test_all_four_decide_the_ticket() -> None:
    recipe = Recipe(
        **COMMON, finder="twice", between=0.3, criterion="power", power=0.5, allocation="taper", taper=0.0,
        structure="square", side=4,
    )  # fmt: skip
    ticket = find_ticket(recipe)
    assert ticket.kept >= ticket.total - round(0.8 * ticket.total)
    mask = ticket.masks["fc2.weight"]  # 100 x 300: whole tiles of 4 x 4
    assert torch.equal(mask, mask[::4, ::4].repeat_interleave(4, 0).repeat_interleave(4, 1))
    shares = {name: float(mask.float().mean()) for name, mask in ticket.masks.items()}
    assert max(shares.values()) - min(shares.values()) < 0.02
    tapered = find_ticket(recipe.but(taper=1.0))
    shares = {name: float(mask.float().mean()) for name, mask in tapered.masks.items()}
    assert shares["fc2.weight"] < shares["fc1.weight"]  # of 300 and of 64 inputs
    assert ticket.info.revisions == {"finder twice": 1, "criterion power": 1}


def test_the_score_is_that_of_the_option() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    batches = [(torch.zeros(1, 4), torch.zeros(1, dtype=torch.long))]
    weight = prunable(model)["1.weight"].abs()
    for options, exponent in ((None, 2.0), (Power(power=3), 3.0)):
        scores = CRITERIA["power"].score(model, Context(batches, torch.Generator(), options=options))
        assert torch.equal(scores["1.weight"], weight.detach() ** exponent)


def test_in_a_study(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    text = """\
title = "Options"
model = "lenet300"
data = "digits"
sparsities = [0.8]
[[method]]
criterion = "power"
power = 3
[[method]]
finder = "twice"
between = 0.25
"""
    path.write_text(text)
    _, one, other = Study.open(path).recipes()[:3]
    assert one.id == Recipe(model="lenet300", data="digits", sparsity=0.8, criterion="power", power=3).id
    assert other.canonical()["between"] == 0.25
    for old, new, words in (
        ("power = 3", "powr = 3", "method 1 (power): Finder 'one_shot' has no option 'powr'. Did you mean 'power'?"),
        ("between = 0.25", "betwen = 0.25", "Did you mean 'between'?"),
        ("power = 3", "power = -1", "'power' is -1, but: input should be greater than 0."),
        ("between = 0.25", "between = 1.5", "method 2 (twice): 'between' is 1.5, but: input should be less than 1."),
        ("between = 0.25", "power = 2", "Finder 'twice' has no option 'power'."),
    ):
        path.write_text(text.replace(old, new))
        with pytest.raises(UserError) as caught:
            Study.open(path)
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"criterion": "snip", "rate": 0.2}, "Finder 'one_shot' has no option 'rate'."),
        ({"finder": "imp", "ratte": 0.2}, "Finder 'imp' has no option 'ratte'. Did you mean 'rate'?"),
        ({"finder": "imp", "rate": 2}, "'rate' is 2, but: input should be less than 1."),
        ({"finder": "imp", "options": {}}, "Finder 'imp' has no option 'options'."),
        (
            {"finder": "dense", "criterion": "snip"},
            "Finder 'dense' has no option 'criterion'. Of options it has",
        ),
    ],
)
def test_a_wrong_option_is_the_same_sentence_in_python(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        Recipe(**COMMON, **fields)
    assert str(caught.value).startswith(words)


def test_nothing_is_changed_past_validation() -> None:
    recipe = Recipe(**COMMON, finder="imp")
    assert recipe.but(sparsity=0.5).id == Recipe(**{**COMMON, "sparsity": 0.5}, finder="imp").id
    assert recipe.but(rate=None) == recipe
    for changes in ({"sparsity": 2}, {"rate": 2}, {"criterion": "snp"}, {"margin": 0.1}, {"finder": "dense"}):
        with pytest.raises(UserError):
            recipe.model_copy(update=changes)
        with pytest.raises(UserError):
            recipe.but(**changes)
    with pytest.raises(UserError, match="'lr' is -1"):
        recipe.training.model_copy(update={"lr": -1})
    with pytest.raises(UserError, match="unknown key 'epoch'"):
        recipe.training.but(epoch=3)
    with pytest.raises(ValueError, match="frozen"):
        recipe.sparsity = 0.5


@pytest.mark.parametrize("name", FINDERS)
def test_every_option_has_a_title(name: str) -> None:
    for key, field in FINDERS[name].options.model_fields.items():
        assert field.title, key
    for key, field in Recipe.model_fields.items():
        assert field.title or key in ("name", "options", "parts")
