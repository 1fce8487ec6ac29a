"""The [analysis] section: which conditions it asks for, and what it refuses."""

import pytest
from pydantic import BaseModel, ValidationError

from analysis.corruptions import AVAILABLE, FAMILIES
from analysis.engine.base import measures
from analysis.engine.settings import AnalysisConfig, model
from pruning.errors import UserError


def test_by_default_the_nineteen_at_five_severities() -> None:
    found = AnalysisConfig().conditions()
    assert found == (("clean", 0), *((name, severity) for name in AVAILABLE for severity in range(1, 6)))


def test_families_come_in_their_order_with_the_severities_they_have() -> None:
    found = AnalysisConfig(families=["adversarial", "fourier", "mnist_c"], severities=[5, 2]).conditions()
    assert found[:5] == (("clean", 0), ("shear", 2), ("shear", 5), ("scale", 2), ("scale", 5))
    assert [c for c in found if c[0] in ("stripe", "canny_edges")] == [("stripe", 1), ("canny_edges", 1)]
    waves = [c for c in found if c[0].startswith("fourier")]
    assert len(waves) == 113
    assert {severity for _, severity in waves} == {4}
    assert found[-4:] == (("fgsm", 2), ("fgsm", 5), ("pgd", 2), ("pgd", 5))
    assert AnalysisConfig(families="all").families == [*FAMILIES]  # type: ignore[arg-type]


def test_corruptions_choose_among_a_family_and_leave_the_others_whole() -> None:
    config = AnalysisConfig(
        families=["cifar_c", "mnist_c", "adversarial"], corruptions=["zigzag", "fog"], severities=[3]
    )
    assert config.conditions() == (("clean", 0), ("fog", 3), ("zigzag", 1), ("fgsm", 3), ("pgd", 3))
    assert config.limited_to(["mnist_c"]).conditions() == (("clean", 0), ("zigzag", 1))
    assert len(config.limited_to(["fourier"]).conditions()) == 114
    for nothing in (AnalysisConfig(corruptions=[]), AnalysisConfig(families=[])):
        assert nothing.conditions() == (("clean", 0),)


def test_a_corruption_of_another_family_is_refused() -> None:
    with pytest.raises(UserError, match=r"'rotate' is of the family 'mnist_c', .* add it to `families`"):
        AnalysisConfig(corruptions=["rotate"]).conditions()
    with pytest.raises(UserError, match="Did you mean 'fourier'"):
        AnalysisConfig().limited_to(["furier"])


def test_given_images_of_no_family_come_last() -> None:
    given = [("fog", 1), ("smoke", 2), ("smoke", 1), ("dust", 1), ("smoke", 4)]
    config = AnalysisConfig(arrays="there", severities=[1, 2], corruptions=["snow", "smoke"])
    assert config.conditions(given) == (("clean", 0), ("snow", 1), ("snow", 2), ("smoke", 1), ("smoke", 2))
    # what is given at one severity alone is measured, whatever severities are asked for
    assert ("dust", 1) in AnalysisConfig(arrays="there", severities=[4]).conditions(given)
    everything = AnalysisConfig(arrays="there", severities=[1]).conditions(given)
    assert everything[-2:] == (("dust", 1), ("smoke", 1))
    with pytest.raises(UserError, match="Unknown corruption 'smog'"):
        AnalysisConfig(arrays="there", corruptions=["smog"]).conditions(given)
    unseen = AnalysisConfig(arrays="there", families=[], corruptions=["smog"])
    assert unseen.conditions(None) == (("clean", 0),)


def test_image_by_image_only_what_is_worth_it() -> None:
    asked = AnalysisConfig(families="all", severities=[1]).conditions([("smoke", 1)])  # type: ignore[arg-type]
    assert len(asked) == 1 + 19 + 8 + 10 + 5 + 113 + 2 + 1
    assert sum(measures()["corrupted"].conditions(condition) for condition in asked) == 19 + 8 + 10 + 5


def test_keys_of_measures_are_among_them() -> None:
    assert {"embeddings", "map_samples"} <= model().model_fields.keys()
    assert not {"embeddings", "map_samples"} & AnalysisConfig.model_fields.keys()
    with pytest.raises(ValidationError, match="map_samples"):
        model()(map_samples=3)  # type: ignore[call-arg]


def test_no_measures_settings_take_the_place_of_anothers_checks() -> None:
    """All options are bases of one class, in which a check of the same name would be lost without a word."""
    options: list[type[BaseModel]] = [
        AnalysisConfig,
        *dict.fromkeys(each.options for each in measures().values() if each.options is not None),
    ]
    checks = [
        name
        for each in options
        for kind in ("field_validators", "model_validators")
        for name in getattr(each.__pydantic_decorators__, kind)
    ]
    assert sorted(checks) == sorted(set(checks))
    assert model()(transfer="digits[0-4]", sensitivity="magnitude").transfer == ["digits[0-4]"]  # type: ignore[attr-defined,call-arg]
