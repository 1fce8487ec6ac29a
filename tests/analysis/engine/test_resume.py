"""A network that goes on from before a change of its masks gives what the whole network gives."""

import copy

import pytest
import torch
from torch import Tensor, nn

from analysis.engine.resume import Resumed, cuts_of
from pruning.models import build_model
from tests.analysis.engine.test_rerun import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("room", [10**9, 60_000, 0])
def test_it_is_what_the_whole_network_gives(name: str, room: int) -> None:
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    x = torch.randn(5, *((1, 28, 28) if name == "lenet5" else (3, 32, 32)))
    weights = {key: value for key, value in model.named_parameters() if value.ndim > 1}
    masks: dict[str, Tensor] = {}
    with torch.inference_mode():
        resumed = Resumed(model, x.split(3), room)
        some = [*weights][:: max(len(weights) // 4, 1)]
        for key in [*reversed(some), *some, some[0]]:  # from the end, from the beginning, once more
            masks = {**masks, key: torch.rand(weights[key].shape) < 0.5}
            pruned = copy.deepcopy(model)
            for each, mask in masks.items():
                pruned.get_parameter(each).mul_(mask)
            assert torch.equal(resumed.show(masks), torch.cat([pruned(part) for part in x.split(3)])), key
        assert torch.equal(resumed.show({}), torch.cat([model(part) for part in x.split(3)]))


def test_only_what_follows_is_run() -> None:
    model = build_model("resnet20", 10, (3, 32, 32), 0).eval()
    with torch.inference_mode():
        resumed = Resumed(model, [torch.randn(3, 3, 32, 32)])
        resumed.show({})
        ran: list[str] = []
        for name, module in resumed.module.named_modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.register_forward_hook(lambda *_, name=name: ran.append(name))
        names = [name for name, value in model.named_parameters() if value.ndim > 1]
        masks = {names[-2]: torch.rand(model.get_parameter(names[-2]).shape) < 0.5}
        resumed.show(masks)
        assert ran == [name.removesuffix(".weight") for name in names[-3:]]  # its block, and the classifier
        ran.clear()
        resumed.show(masks)
        assert not ran


def test_all_that_follows_depends_on_the_value_at_a_cut() -> None:
    graph = torch.fx.symbolic_trace(build_model("resnet20", 10, (3, 32, 32), 0).eval()).graph
    nodes = list(graph.nodes)
    cuts = cuts_of(graph)
    assert len(cuts) > 10
    for cut in cuts:
        before = set(nodes[: cut.place + 1]) - {cut.node}
        read = {each for node in nodes[cut.place + 1 :] for each in node.all_input_nodes}
        assert not {node for node in read & before if node.op != "get_attr"}
