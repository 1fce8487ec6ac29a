"""What a pass keeps of a layer: batch by batch and minibatch by minibatch the same as of all activations at once."""

import numpy as np
import pytest
import torch

from analysis.engine.layer_pass import MINIBATCH, Layer
from analysis.metrics.cka import centred_gram


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_a_layer_in_minibatches(kind: torch.dtype, layout: torch.memory_format) -> None:
    """Two batches, the second with a last minibatch that is too small for CKA."""
    maps = torch.randn(153, 6, 8, 8, generator=torch.Generator().manual_seed(0)).relu()
    maps[:, 1] = -0.0
    maps = maps.to(kind).contiguous(memory_format=layout)
    layer = Layer()
    for batch in (maps[:100], maps[100:]):
        layer.update(batch)
    whole = maps.double()
    means = whole.unflatten(3, (4, 2)).unflatten(2, (4, 2)).mean((3, 5))
    np.testing.assert_allclose(layer.sketch, means.flatten(1), atol=1e-6)
    assert layer.units.sparsity == float((whole == 0).double().mean())
    assert (layer.units.count, layer.units.dead) == (6, 1)
    expected = [centred_gram(part).flatten() for part in maps.contiguous().split(MINIBATCH)[:3]]
    np.testing.assert_allclose(torch.cat(layer.grams), torch.cat(expected), atol=1e-5)
