"""A network and a data set that the project does not have, each a few lines of the user's: known to all that asks."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from pruning import Recipe, find_ticket
from pruning.cli.tables import models_table
from pruning.data import DATASETS, EmbeddedData, Split, available, load_data, make_dataset
from pruning.errors import UserError
from pruning.models import MODELS, Architecture, build_model, skeleton
from pruning.recognition import recognise
from pruning.training.config import Training

PLUGIN = '''
import torch
from torch import nn
from pruning.data import Dataset, EmbeddedData, Split, make_dataset
from pruning.models import Architecture

def bars() -> Dataset:
    """Two classes of images of 6x6 pixels: an upright bar and a level one."""
    upright = torch.zeros(40, 1, 6, 6, dtype=torch.uint8)
    for row in range(40):
        upright[row, :, :, row % 6] = 200 + row
    images = torch.stack([upright, upright.transpose(2, 3)], 1).flatten(0, 1)
    labels = torch.arange(80) % 2
    return make_dataset("bars", ("upright", "level"), Split(images[:60], labels[:60]), Split(images[60:], labels[60:]))

def tiny(num_classes, shape):
    return nn.Sequential(nn.Conv2d(shape[0], 7, 3), nn.ReLU(), nn.Flatten(), nn.Linear(112, num_classes))

BARS = EmbeddedData("bars", bars)
TINY = Architecture("tiny", tiny)
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file with both, named in the environment; forgotten afterwards."""
    (tmp_path / "mine.py").write_text(PLUGIN)
    monkeypatch.setenv("PRUNING_PLUGINS", str(tmp_path / "mine.py"))
    yield
    MODELS.unregister("tiny")
    DATASETS.unregister("bars")


@pytest.mark.usefixtures("plugin")
def test_a_file_adds_a_network_and_a_data_set() -> None:
    assert available("bars")
    assert load_data("bars") is load_data("bars")
    assert "tiny" in models_table().columns[0]._cells
    network = build_model("tiny", 2, (1, 6, 6), 3)
    assert {name: value.shape for name, value in skeleton("tiny", 2, (1, 6, 6)).state_dict().items()} == {
        name: value.shape for name, value in network.state_dict().items()
    }
    found = recognise(network.state_dict(), 2, (1, 6, 6))
    assert (found.model, found.exact) == ("tiny", True)
    renamed = dict(zip(("a.weight", "a.bias", "b.weight", "b.bias"), network.state_dict().values(), strict=True))
    assert recognise(renamed, 2, (1, 6, 6)).pairs[2] == ("b.weight", "3.weight")
    training = Training(epochs=4, batch_size=10, lr=0.1)
    ticket = find_ticket(
        Recipe(model="tiny", data="bars", criterion="magnitude", sparsity=0.5, training=training, finetune=training)
    )
    assert ticket.info.accuracy == 1.0
    assert (ticket.kept, ticket.total) == (143, 287)


def test_a_notebook_adds_and_forgets() -> None:
    images, labels = torch.arange(90, dtype=torch.uint8).reshape(10, 1, 3, 3), torch.arange(10) % 2
    for classes in (("a", "b"), ("c", "d")):
        split = Split(images, labels)
        DATASETS.register(EmbeddedData("mine", partial(make_dataset, "mine", classes, split, split)))
        assert load_data("mine").classes == classes  # what was registered last, not what was read before
    DATASETS.unregister("mine")
    with pytest.raises(UserError, match="Unknown data set 'mine'"):
        load_data("mine")
    with pytest.raises(UserError, match="There is a data set 'digits' already"):
        DATASETS.register(EmbeddedData("digits", lambda: load_data("mnist5k")))


def test_a_network_that_needs_values_is_built_in_full() -> None:
    MODELS.register(Architecture("asks", lambda classes, shape: nn.Linear(int(torch.tensor(shape).sum()), classes)))
    assert skeleton("asks", 3, (1, 2, 2)).get_parameter("weight").shape == (3, 5)
    MODELS.register(Architecture("asks", lambda classes, shape: nn.Linear(-1, 1 // (classes - 3))))
    assert "asks" in models_table().columns[0]._cells
    with pytest.raises(UserError, match="The model 'asks' cannot be built: ZeroDivisionError: "):
        build_model("asks", 3, (1, 2, 2), 0)
    MODELS.unregister("asks")
