"""What a reproduction compares starts alike, is trained for as long, and was not chosen on the seeds that count."""

import pytest

from analysis.reproductions import REPRODUCTIONS
from pruning.finders.lineage import cost, lineage, parents_of
from pruning.recipe import Recipe
from pruning.study.folder import Study

START, TRAINED = ("snip", "grasp", "synflow"), ("magnitude", "taylor")
BUDGETS = {
    "card": [
        ("lrr", "dense_long"),
        ("imp", "dense_long"),
        ("lrr", "magnitude_long"),
        ("lrr", "gmp_long"),
        ("edge_popup", "magnitude"),
        ("biprop", "magnitude"),
    ],
    "sanity": [
        *((f"{name}_{control}", name) for name in START + TRAINED for control in ("shuffled", "random_reinit")),
        *(("magnitude", f"{name}_long") for name in START),
        ("random", "dense"),
    ],
    "layers": [
        ("CKA", "dense_again"),
        ("CKA", "random_blocks"),
        ("CKA", "magnitude_blocks"),
        ("CKA", "magnitude_filters"),
        ("CKA_at_initialisation", "dense"),
    ],
    "early_bird": [("early_bird", "early_random")],
    "jackpots": [("jackpot", "dense_long"), ("jackpot", "jackpot_constant"), ("jackpot", "jackpot_free")],
    "dynamic": [
        ("rigl", "static"),
        ("set", "static"),
        ("rigl", "gmp"),
        ("rigl_long", "gmp_long"),
        ("movement", "magnitude"),
    ],
    "signs": [("sign_supermask", "sign_random"), ("sign_supermask", "edge_popup"), ("sign_supermask", "synflow")],
    "robustness_lottery": [
        *(("biprop", name) for name in ("dense_long", "random", "magnitude", "taylor", "snip", "grasp", "edge_popup")),
    ],
    "popup": [("edge_popup", "dense"), ("edge_popup", "edge_popup_scaled"), ("biprop", "dense")],
}
LOOKED_AT = {
    "connectivity": range(5),
    "layers": range(7),
    "grokking": [100],
    **dict.fromkeys(("generative", "generative_ae", "generative_gan"), range(3)),
}


def recipe(name: str, method: str) -> Recipe:
    """The sparsest recipe of a method, of the first seed."""
    found = [each for each in Study.open(REPRODUCTIONS[name].file).recipes() if each.method == method]
    return max(found, key=lambda each: (each.sparsity, -each.seed))


def budget(of: Recipe) -> float:
    """Epochs of all trainings whose weights or scores the ticket has, its mask's own beside."""
    own = [step for step in lineage([of]) if not (of.of is not None and step.id == of.of.id)]
    return sum(map(cost, own)) if of.finder != "random_reinit" else cost(of)


@pytest.mark.parametrize(("name", "one", "other"), [(name, *pair) for name, pairs in BUDGETS.items() for pair in pairs])
def test_both_arms_are_trained_for_as_long(name: str, one: str, other: str) -> None:
    # the network at the iteration that is rewound to counts a little, though it lies on the dense one's way
    assert budget(recipe(name, one)) == pytest.approx(budget(recipe(name, other)), abs=0.5)


@pytest.mark.parametrize("criterion", ["magnitude", "taylor"])
def test_a_shuffled_mask_of_the_trained_network_is_on_the_trained_network(criterion: str) -> None:
    original, control = recipe("sanity", criterion), recipe("sanity", f"{criterion}_shuffled")
    assert parents_of(original)[0] == parents_of(control)[1]
    assert control.option("finetune") == original.option("finetune")


def test_batch_statistics_are_measured_anew_for_both_or_for_none() -> None:
    """`one_shot` and `lrr` do so after fine-tuning; LeNets, which have no such layers, may be held against others."""
    for one, other in BUDGETS["layers"]:
        trained = {recipe("layers", method).option("score_on") == "trained" for method in (one, other)}
        assert len(trained) == 1, (one, other)
    residual = {name for name in REPRODUCTIONS if "resnet" in Study.open(REPRODUCTIONS[name].file).config.model}
    assert residual == {"layers", "connectivity"}
    finders = {each.finder for each in Study.open(REPRODUCTIONS["connectivity"].file).recipes()}
    assert finders == {"dense", "imp", "reordered"}


@pytest.mark.parametrize("name", LOOKED_AT)
def test_no_seed_counts_on_which_a_setting_was_chosen(name: str) -> None:
    assert not set(Study.open(REPRODUCTIONS[name].file).config.seeds) & set(LOOKED_AT[name])
