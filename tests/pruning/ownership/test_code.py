"""QR codes against the tables of ISO/IEC 18004, and against a reader that is not the writer."""

import hashlib

import numpy as np
import pytest

from pruning.errors import UserError
from pruning.ownership.code import Code, longest, read

FORMAT = 30  # modules of format information, twice fifteen
# codewords of eight modules, and modules that remain, of a version (table 1), with its bytes at level H (table 7)
TABLE = {1: (26, 0, 7), 2: (44, 7, 14), 3: (70, 7, 24), 6: (172, 7, 58), 7: (196, 0, 64), 10: (346, 0, 119)}
DATA = {1: 9, 2: 16, 3: 26, 6: 60, 7: 66, 10: 122}  # codewords that are not for correction (table 7)


@pytest.mark.parametrize("version", TABLE)
def test_what_is_not_fixed_is_codewords_remainder_and_format(version: int) -> None:
    codewords, remainder, most = TABLE[version]
    code = Code("x" * most)
    assert code.side == 17 + 4 * version
    assert (~code.fixed).sum() == 8 * codewords + remainder + FORMAT
    assert longest(code.side) == longest(code.side + 3) == most
    assert Code("x" * (most + 1)).side > code.side


@pytest.mark.parametrize("version", TABLE)
def test_what_is_not_shared_is_the_text_and_its_correction(version: int) -> None:
    codewords, _, most = TABLE[version]
    for count in (most, most - 2):
        assert Code("x" * count).bits == 8 * (codewords - DATA[version]) + 8 * count
    assert Code("x" * most).capacity == 8 * DATA[version]


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("OWNER 1", 11 * 3 + 6),
        ("1234567", 10 * 2 + 4),
        ("12345678", 10 * 2 + 7),
        ("日本", 26),
        ("日本 ж", 8 * 7),
        ("жü", 8 * 4),
    ],
)
def test_texts_of_other_modes_share_all_but_their_own_bits(text: str, bits: int) -> None:
    code = Code(text)
    assert code.bits == 8 * (TABLE[1][0] - DATA[1] if code.side == 21 else TABLE[2][0] - DATA[2]) + bits


def test_the_shared_modules_are_the_head_and_the_padding_of_the_data() -> None:
    """The first three pairs of columns from the right hold the data of the smallest code: up, down, up."""
    up, down = range(20, 8, -1), range(9, 21)
    order = [(row, column) for columns, rows in (((20, 19), up), ((18, 17), down), ((16, 15), up))
             for row in rows for column in columns]  # fmt: skip
    code = Code("OWNER 1")
    shared = [bool(code.shared[place]) for place in order]
    assert shared == [True] * (4 + 9) + [False] * 39 + [True] * 20  # mode and length; three pairs and one; padding
    outside = code.shared & ~code.fixed
    outside[tuple(np.transpose(order))] = False
    assert outside.sum() == FORMAT
    assert outside[8].sum() + outside[:, 8].sum() == FORMAT + outside[8, 8]


def test_finders_are_where_the_standard_has_them_and_dark_is_true() -> None:
    modules, fixed = Code("OWNER 1").modules, Code("OWNER 1").fixed
    finder = np.ones((7, 7), dtype=bool)
    finder[1:6, 1:6] = False
    finder[2:5, 2:5] = True
    for corner in (modules[:7, :7], modules[:7, -7:], modules[-7:, :7]):
        np.testing.assert_array_equal(corner, finder)
    assert modules[-8, 8]  # the dark module
    assert fixed[:8, :8].all()
    assert fixed[-8:, :8].all()
    assert fixed[:8, -8:].all()
    assert fixed[6].all()
    assert not fixed[8, :6].any()
    assert not fixed[-8:, -8:].any()
    np.testing.assert_array_equal(modules[6, 6:15], [True, False] * 4 + [True])  # timing


@pytest.mark.parametrize("text", ["OWNER 1", "é", "日本", "someone's, 2026: 7f3a", "x" * 300])
def test_a_reader_reads_what_was_written(text: str) -> None:
    assert read(Code(text).modules) == text
    assert Code(text).digest == hashlib.sha256(text.encode()).hexdigest()


def test_the_reader_mends_a_few_errors_and_no_more() -> None:
    code, source = Code("OWNER 1"), np.random.default_rng(0)
    right = {}
    for wrong in (8, 11, 20):  # the standard mends eight codewords of this size
        found = [read(_damaged(code, wrong, source)) for _ in range(40)]
        assert set(found) <= {code.text, None}
        right[wrong] = found.count(code.text)
    assert right[8] == 40 > right[11] > right[20] == 0


def test_finders_that_are_gone_are_put_right_but_format_bits_are_not() -> None:
    code = Code("OWNER 1")
    assert read(np.where(code.fixed, False, code.modules)) == code.text
    bare = code.modules.copy()
    bare[8, :], bare[:, 8] = False, False
    assert read(bare) is None
    assert read(np.random.default_rng(1).random((21, 21)) < 0.5) is None


@pytest.mark.parametrize(
    ("text", "said"), [("", "no text"), ("x" * 1274, "1274 bytes, and a QR code of level H holds")]
)
def test_texts_that_no_code_holds_get_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Code(text)


def _damaged(code: Code, wrong: int, source: np.random.Generator) -> np.ndarray:
    """The code with so many of its free modules turned round."""
    free = np.flatnonzero(~code.fixed)
    modules = code.modules.copy()
    modules.flat[source.choice(free, wrong, replace=False)] ^= True
    return modules
