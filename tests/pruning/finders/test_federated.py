"""Tickets that clients find together."""

import json
from typing import Any

import pytest
import torch

from pruning import Recipe, Ticket, Training
from pruning.data import load_data
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step
from pruning.masks import counts
from pruning.training.evaluation import evaluate

QUICK = Training(epochs=1, batch_size=32, lr=0.1, momentum=0.9, weight_decay=0, warmup_epochs=0)
COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits", "finder": "federated", "training": QUICK}
SHORT = {"clients": 3, "rounds": 2, "local": 3}
ARMS: dict[str, dict[str, Any]] = {
    "signs": {"sparsity": 0.8, "criterion": "random"},
    "fedavg": {"way": "fedavg"},
    "masked": {"way": "fedavg", "sparsity": 0.8, "criterion": "random"},
    "fedpm": {"way": "fedpm", "sparsity": 0.8},
}
KEPT = {"signs": 10_040, "fedavg": 50_200, "masked": 10_040, "fedpm": 10_040}


def find(arm: str, **changes: Any) -> Ticket:
    """The ticket of an arm."""
    recipe = Recipe(**{**COMMON, **SHORT, **ARMS[arm], **changes})
    return find_step(recipe, {}, Trainer(load_data("digits")))


@pytest.mark.parametrize("arm", ARMS)
def test_a_ticket_is_the_servers_network(arm: str) -> None:
    ticket = find(arm)
    assert counts(ticket.masks) == (KEPT[arm], 50_200)
    data = load_data("digits")
    measured = evaluate(ticket.model(), data, data.test, torch.device("cpu"), "float32", 0)[0]
    noted = ticket.info.recorded("rounds")
    assert ticket.info.accuracy == ticket.info.history[-1].test_accuracy == noted["accuracy"][-1]
    assert noted["accuracy"][-1] == pytest.approx(measured)
    assert noted["round"] == [0.0, 1.0, 2.0]
    clients = ticket.info.recorded("clients")
    assert sum(clients["images"]) == len(data.train.labels) == sum(ticket.info.recorded("labels")["images"])
    assert len(ticket.info.recorded("agreement")["round"]) == 2 * 3
    if arm in ("signs", "fedpm"):
        for name, mask in ticket.masks.items():
            assert len(ticket.state[name][mask].abs().unique()) == 1  # one size a layer
    if arm != "fedavg" and arm != "masked":
        assert all(not ticket.state[f"{layer}.bias"].any() for layer in ("fc1", "fc2", "fc3"))


def test_the_same_recipe_gives_the_same_ticket_and_another_seed_another() -> None:
    first, again, other = find("signs"), find("signs"), find("signs", seed=1)
    assert first.digest == again.digest != other.digest
    assert first.info.record == again.info.record or "nan" in json.dumps(first.info.record).lower()


def test_a_file_holds_what_was_noted(tmp_path: Any) -> None:
    ticket = find("signs", dropouts=0.5, participation=0.6, stragglers=0.5, down="signs")
    ticket.save(tmp_path / "one.safetensors")
    read = Ticket.load(tmp_path / "one.safetensors")
    assert str(read.info.record) == str(ticket.info.record)
    assert read.recipe == ticket.recipe


def test_kept_weights_have_the_size_that_keeps_the_signal() -> None:
    """sqrt(2 / fan_in) / sqrt(share kept), by hand for the first layer."""
    ticket = find("signs")
    mask = ticket.masks["fc1.weight"]
    expected = (2 / 64) ** 0.5 / float(mask.double().mean()) ** 0.5
    assert ticket.state["fc1.weight"][mask].abs().max() == pytest.approx(expected)


def test_options_that_do_not_count_do_not_enter_the_id() -> None:
    plain = Recipe(**COMMON, sparsity=0.8)
    assert plain.option("clients") == 10
    assert plain.id == Recipe(**COMMON, sparsity=0.8, clients=10, down="votes", latent=0.2).id
    assert plain.id != Recipe(**COMMON, sparsity=0.8, down="signs").id
    search = plain.option("search")
    assert (search.optimizer, search.lr, search.schedule) == ("adamw", 0.01, "constant")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": "classes:x"}, "There is no split 'classes:x'"),
        ({"split": "column:a.csv:who", "clients": 3}, "leave 'clients' out"),
        ({"criterion": "snip"}, "The server has no data to score by 'snip'"),
        ({"way": "fedpm", "criterion": "synflow"}, "The way 'fedpm' has no 'criterion'"),
        ({"way": "fedavg", "latent": 0.1}, "The way 'fedavg' has no 'latent'"),
        ({"way": "fedavg", "search": QUICK}, "The way 'fedavg' has no 'search'"),
        ({"way": "fedpm", "sparsity": 0.0}, "give it a sparsity"),
        ({"task": "autoencoder"}, "the task 'autoencoder' has none"),
        ({"participation": 0.0}, "participation"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        Recipe(**{**COMMON, "sparsity": 0.8, **changes})
    assert "\n" not in str(error.value)


def test_a_client_without_data_is_one_sentence() -> None:
    with pytest.raises(UserError, match="A client would be without data"):
        find("signs", clients=2000, split="iid")
