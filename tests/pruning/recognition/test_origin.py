"""Whose code a network is of, which shapes do not show: timm's and others' with the tensors of torchvision's."""

import pytest
import torch

from pruning.errors import UserError
from pruning.models import build_model
from pruning.recognition import recognise, report
from pruning.recognition.matching import match
from tests.pruning.recognition.schemes import State, arbitrary, hollow, replaced

SHAPE = (3, 64, 64)


def of_timm(state: State, stem: str = "conv_stem", blocks: str = "blocks.") -> State:
    """A state dict of torchvision's MobileNets and EfficientNets under the names of timm's, as far as they tell."""
    found = {}
    for name, value in state.items():
        renamed = replaced(name, (("features.0.0.", f"{stem}."),))
        stage = renamed.removeprefix("features.").split(".")[0]
        if renamed.startswith("features."):
            renamed = f"{blocks}{int(stage)}." + renamed.removeprefix(f"features.{stage}.").replace("block.", "", 1)
        found[renamed] = value
    return found


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_b0"])
def test_weights_of_timm_are_not_taken_for_torchvision_s_in_silence(name: str) -> None:
    theirs = of_timm(hollow(f"torchvision/{name}", 10, SHAPE))
    [said] = [line for line in report(recognise(theirs, 10, SHAPE)) if "timm" in line]
    assert said.startswith("Only shapes agreed: the names are those of timm")
    own = {"mobilenet_v3_small": "mobilenetv3_small_100", "efficientnet_b0": "efficientnet_b0"}[name]
    assert f"--model timm/{own} or --model timm/tf_{own}" in said


def test_those_of_other_codes_are_told_too() -> None:
    theirs = of_timm(hollow("torchvision/efficientnet_b0", 10, SHAPE), "_conv_stem", "_blocks.")
    assert any("EfficientNet-PyTorch" in line for line in report(recognise(theirs, 10, SHAPE)))


def test_what_rests_on_shapes_alone_says_so_and_what_has_its_own_names_does_not() -> None:
    state = hollow("resnet20")
    keys = arbitrary(list(state))
    theirs = {mine: state[ours] for mine, ours in keys.items()}
    assert any(
        line.startswith("Only shapes agreed, not names") for line in report(match(theirs, "resnet20", 10, (3, 32, 32)))
    )
    for name in ("resnet20", "torchvision/efficientnet_b0"):
        assert not any("shapes" in line for line in report(recognise(hollow(name), 10, (3, 32, 32))))


def test_where_timm_is_not_installed_its_networks_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pruning.models.timm_models.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"'timm/NAME' need the package timm, .* pip install timm\."):
        build_model("timm/tf_efficientnet_b0", 10, SHAPE, 0)


@pytest.mark.parametrize("name", ["tf_efficientnet_b0", "mobilenetv3_small_100", "tf_mobilenetv3_small_100"])
def test_timm_s_own_networks(name: str) -> None:
    """Where timm is installed: it is another function than torchvision's, and `timm/NAME` gives its own."""
    timm = pytest.importorskip("timm")
    original = timm.create_model(name, pretrained=False, num_classes=10).eval()
    state = {key: torch.rand_like(t) + 0.5 if "running_var" in key else t for key, t in original.state_dict().items()}
    original.load_state_dict(state)
    images = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(0))
    taken = recognise(state, 10, SHAPE)
    named = match(state, f"timm/{name}", 10, SHAPE)
    assert named.exact
    outputs = []
    for found in (taken, named):
        model = build_model(found.model, 10, SHAPE, 0).eval()
        model.load_state_dict(found.apply(state))
        outputs.append(model(images).detach())
    assert torch.equal(outputs[1], original(images))
    assert not torch.allclose(outputs[0], outputs[1], rtol=1e-2)
    assert any(f"--model timm/{name}" in line for line in report(taken))


def test_timm_fetches_nothing() -> None:
    pytest.importorskip("timm")
    for name, hint in (("hf-hub:timm/resnet18", "for example"), ("resnet18.a1_in1k", "did you mean 'timm/resnet18'")):
        with pytest.raises(UserError, match=hint):
            build_model(f"timm/{name}", 10, SHAPE, 0)
