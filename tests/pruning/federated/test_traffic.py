"""Bits, counted by hand for LeNet-300-100 on 8x8 digits: 50,200 weights, of which 20 % are kept, and 410 biases."""

import pytest

from pruning.federated import traffic
from pruning.federated.traffic import Sizes, joining, mask_bits

SIGNS = Sizes(kept=10_040, total=50_200)
DENSE = Sizes(kept=50_200, total=50_200, others=410)


def test_a_bit_a_kept_weight_goes_up() -> None:
    assert traffic.bits(SIGNS) == 10_040  # 1,255 bytes, 160 times fewer than the weights in 32 bits
    assert 32 * 50_200 / traffic.bits(SIGNS) == 160


def test_floats_are_32_bits() -> None:
    assert traffic.floats(DENSE) == 32 * 50_610
    assert traffic.floats(Sizes(10_040, 50_200, 410)) == 32 * 10_450


def test_statistics_of_batch_norm_travel_as_floats() -> None:
    assert traffic.bits(Sizes(10, 100, buffers=8)) == 10 + 256
    assert traffic.votes(Sizes(10, 100, buffers=8), 1) == 10 + 32 + 256


@pytest.mark.parametrize(("images", "each"), [(1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4), (1437, 11)])
def test_a_vote_of_n_images_has_n_plus_1_values(images: int, each: int) -> None:
    assert 2 ** (each - 1) < images + 1 <= 2**each
    assert traffic.votes(SIGNS, images) == 10_040 * each + 32


def test_a_mask_is_a_bit_map_or_a_list_of_places() -> None:
    assert mask_bits(SIGNS) == 50_200
    assert mask_bits(Sizes(2_510, 50_200)) == 2_510 * 16  # 5 % kept: 2^15 < 50,200 <= 2^16
    assert mask_bits(DENSE) == 0


def test_who_joins_is_sent_seed_and_mask_once() -> None:
    assert joining(SIGNS) == (32, 32 + 50_200)
    assert joining(DENSE) == (32, 32)
