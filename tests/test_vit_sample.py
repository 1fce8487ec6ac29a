"""The transformer that ships with the project: whole heads and neurons go, and it says what it shows."""

import pytest
import torch

from analysis.comparisons import of_study, verdicts
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS
from pruning import Study
from pruning.ticket import Ticket
from tests import ROOT

SAMPLE = ROOT / "sample_checkpoints" / "mnist5k-vit"
MEGABYTE = 2**20
BLOCKS, HEADS, WIDTH, HIDDEN = 4, 4, 48, 96


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.open(SAMPLE)


def ticket(study: Study, method: str, sparsity: float, seed: int = 0) -> Ticket:
    """A ticket by what it is."""
    for entry in study.entries():
        recipe = entry.recipe
        if (recipe.method, recipe.sparsity, recipe.seed) == (method, sparsity, seed):
            return Ticket.load(entry.path)
    raise LookupError(method)


def test_every_ticket_is_there_and_it_is_small(study: Study) -> None:
    entries, problems = study.scan()
    assert not problems
    assert [entry.id for entry in entries] == [recipe.id for recipe in study.recipes()]
    inside = [path for path in SAMPLE.rglob("*") if path.is_file() and "cache" not in path.relative_to(SAMPLE).parts]
    assert sum(path.stat().st_size for path in inside) < 15 * MEGABYTE


@pytest.mark.parametrize("method", ["random heads", "magnitude heads", "taylor heads"])
@pytest.mark.parametrize(("sparsity", "gone"), [(0.125, 4), (0.25, 8)])
def test_whole_heads_go(study: Study, method: str, sparsity: float, gone: int) -> None:
    """Queries, keys and values of a head and what reads it: all of it is there, or nothing."""
    masks = ticket(study, method, sparsity).masks
    left = 0
    for block in range(BLOCKS):
        joint = masks[f"blocks.{block}.attention.in_proj_weight"].view(3, HEADS, -1)
        read = masks[f"blocks.{block}.attention.out_proj.weight"].view(WIDTH, HEADS, -1)
        for head in range(HEADS):
            whole = torch.cat([joint[:, head].flatten(), read[:, head].flatten()])
            assert bool(whole.all()) or not bool(whole.any())
            left += int(whole.all())
    assert left == BLOCKS * HEADS - gone


@pytest.mark.parametrize("method", ["random neurons", "taylor neurons"])
def test_whole_neurons_go(study: Study, method: str) -> None:
    masks = ticket(study, method, 0.125).masks
    rows = torch.stack([masks[f"blocks.{block}.fc1.weight"] for block in range(BLOCKS)])
    assert torch.equal(rows.any(dim=2), rows.all(dim=2))
    assert int((~rows.all(dim=2)).sum()) == 0.125 * 74_976 // WIDTH == 195


def test_all_start_from_the_trained_network_and_are_tuned_alike(study: Study) -> None:
    pruned = [recipe for recipe in study.recipes() if not recipe.is_dense]
    assert {recipe.option("score_on") for recipe in pruned} == {"trained"}
    assert {recipe.option("finetune").epochs for recipe in pruned} == {3}


def test_the_description_says_what_the_verdicts_are(study: Study) -> None:
    """The pairs that were asked about, one family."""
    heads = [
        (f"{score}_heads-{level}", f"random_heads-{level}")
        for level in ("12.5", "25")
        for score in ("taylor", "magnitude")
    ]
    pairs = [*heads, ("taylor_neurons-12.5", "random_neurons-12.5"), ("magnitude-25", "random_heads-25")]
    pairs.append(("magnitude-25", "taylor_heads-25"))
    outcomes = of_study.outcomes(study, sorted({key for pair in pairs for key in pair}), [])
    table = verdicts.of_pairs(outcomes.per_image([outcomes.conditions.index(("clean", 0))]), pairs)
    rows = {(row.a, row.b): row for row in table.itertuples()}
    for pair, words in {
        (
            "magnitude-25",
            "taylor_heads-25",
        ): "{:.1f} points more than heads by Taylor's score do (95 % interval {:.1f} to {:.1f})",
        ("taylor_heads-25", "random_heads-25"): "cannot be told: {:.1f} points, {:.1f} to {:.1f}",
    }.items():
        row = rows[pair]
        assert words.format(100 * row.difference, 100 * row.low, 100 * row.high) in study.config.description
    assert rows["taylor_heads-25", "random_heads-25"].verdict == CANNOT_TELL
    assert rows["magnitude-25", "taylor_heads-25"].verdict == DIFFERS
