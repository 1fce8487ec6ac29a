"""Which layers are cut together: those that share channels, where whole channels go."""

from analysis.engine.layer_cuts import coupled_of, groups_of
from pruning.study.folder import Study
from tests import ROOT


def test_single_weights_go_in_any_layer_and_channels_in_all_that_are_coupled() -> None:
    study = Study.open(ROOT / "sample_checkpoints" / "cifar10-resnet20")
    ticket = study.load(next(entry.id for entry in study.entries() if entry.recipe.is_dense))
    alone = groups_of(ticket, "weight")
    assert len(alone) == len(ticket.masks) == 20  # 19 convolutions and the classifier
    assert alone == [(name,) for name, value in ticket.model().named_parameters() if value.ndim > 1]
    assert groups_of(ticket, "2:4") == alone
    together = groups_of(ticket, "filter")
    assert together == coupled_of(ticket)
    # the stem and the second convolutions write into one stream, which shortcuts without weights hand on
    assert len(together[0]) == 1 + 9
    assert sorted(name for group in together for name in group) == sorted(ticket.masks)
