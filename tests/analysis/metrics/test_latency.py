"""Networks that take turns are timed fairly, in use and in training."""

import numpy as np
import torch
from torch import nn

from analysis.metrics import latency


def test_a_training_step_of_a_larger_network_takes_longer_and_changes_nothing() -> None:
    small, large = (nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, 10)) for width in (8, 3000))
    before = {name: value.clone() for name, value in large.state_dict().items()}
    images, labels = torch.randn(32, 1, 8, 8), torch.arange(32) % 10
    seconds = latency.training_times([small, large], images, labels, 10_000, seconds=0.1)
    assert seconds.shape[1] == 2
    assert np.median(seconds[:, 1] / seconds[:, 0]) > 2
    assert all(torch.equal(value, before[name]) for name, value in large.state_dict().items())
