"""One image under a family of corruptions is what the corruptions make, and predictions are the network's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from analysis.comparisons.corrupted_image import (
    CorruptedImage,
    ImageClassifier,
    family_conditions,
    severity_parameters,
)
from analysis.corruptions import corrupt
from analysis.corruptions.attacks import EPSILONS
from analysis.corruptions.conditions import CLEAN
from analysis.results.store import Results
from pruning.data import load_data
from pruning.study.folder import Study

RNG = np.random.default_rng(5)
CLASSES = ("zero", "one", "two")


def image(channels: int = 3) -> np.ndarray:
    return RNG.integers(0, 256, (channels, 12, 12), dtype=np.uint8)


def test_pictures_are_those_that_the_corruptions_make() -> None:
    clean = image()
    made = CorruptedImage.of(clean, "mnist_c", seed=2, index=9, label=1)
    assert made.conditions == family_conditions("mnist_c")
    assert made.conditions[0] == CLEAN
    np.testing.assert_array_equal(made.images[0], clean)
    name, severity = made.conditions[7]
    expected = corrupt(torch.from_numpy(clean)[None], name, severity, seed=2, index=[9])
    np.testing.assert_array_equal(made.images[7], expected[0].numpy())
    assert made.target is None
    assert not made.on_target.any()


def test_the_table_holds_a_row_a_picture() -> None:
    made = CorruptedImage.of(image(), "mnist_c", label=2)
    assert "ticket" not in made.table
    answers, confidence = np.array([2] * 10 + [0] * 15), np.full(25, 0.5)
    seen = replace(made, ticket="Dense", classes=CLASSES, prediction=answers, confidence=confidence)
    rows = seen.table
    assert list(zip(rows["corruption"], rows["severity"], strict=True)) == list(made.conditions)
    assert rows["right"].tolist() == [True] * 10 + [False] * 15
    assert rows["prediction"].tolist() == ["two"] * 10 + ["zero"] * 15
    nameless = replace(seen, label=None, prediction=np.zeros(25, int))
    assert "right" not in nameless.table
    assert nameless.table["as_clean"].all()


def test_predictions_are_those_that_were_measured(tiny_study: Path) -> None:
    study = Study.open(tiny_study)
    entry = next(entry for entry in study.entries() if entry.recipe.seed == 0)
    classifier = ImageClassifier.of(study.load(entry.id))
    test = load_data("digits").test
    made = CorruptedImage.of(test.images[5].numpy(), "cifar_c", index=5, label=int(test.labels[5]))
    seen = made.classified_by("it", classifier)
    stored = Results(tiny_study).table("corrupted", ids=[entry.id], where="sample = 5")
    assert seen.prediction is not None
    assert len(stored)
    for row in stored.itertuples():
        assert seen.prediction[seen.conditions.index((row.corruption, row.severity))] == row.prediction


def test_attacks_stay_within_their_bounds_and_aim_at_the_prediction_where_no_class_is_known(tiny_study: Path) -> None:
    study = Study.open(tiny_study)
    classifier = ImageClassifier.of(study.load(study.entries()[0].id))
    clean = load_data("digits").test.images[3].numpy()
    own = int(classifier.classify(clean[None])[0][0])
    made = CorruptedImage.attacked(clean, classifier)
    np.testing.assert_array_equal(made.images, CorruptedImage.attacked(clean, classifier, label=own).images)
    for (name, severity), picture in zip(made.conditions[1:], made.images[1:], strict=True):
        change = np.abs(picture.astype(int) - clean).max()
        assert 0 < change <= EPSILONS[severity - 1], name


def test_parameters_of_a_severity() -> None:
    assert severity_parameters(("gaussian_noise", 3), (3, 32, 32)) == "sigma 0.08"
    assert severity_parameters(("pgd", 4), (3, 8, 8)) == "no byte changes by more than 8 of 255"
    assert severity_parameters(CLEAN, (3, 8, 8)) == ""


def test_what_holds_at_every_severity() -> None:
    made = CorruptedImage.of(image(), "cifar_c", label=1)
    assert made.held == []
    answers = np.ones(len(made.conditions), int)
    fails = [place for place, condition in enumerate(made.conditions) if condition in (("fog", 5), ("snow", 1), CLEAN)]
    answers[fails] = 0
    found = replace(made, ticket="Dense", classes=CLASSES, prediction=answers, confidence=answers / 2).held
    assert len(found) == 17  # of 19; the clean picture is none of them
    assert not {"fog", "snow", "clean"} & set(found)
