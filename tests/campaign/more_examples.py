"""A plugin of pytest: only tests by hypothesis, with CAMPAIGN_TIMES times their examples."""

import os

import pytest
from hypothesis import settings


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the other tests out, and multiply."""
    times = int(os.environ["CAMPAIGN_TIMES"])
    kept, seen = [], set()
    for item in items:
        function = getattr(item, "obj", None)
        test = getattr(function, "__func__", function)
        if not getattr(test, "is_hypothesis_test", False):
            continue
        kept.append(item)
        if test not in seen:  # each parameter of a test is an item of its own
            seen.add(test)
            own = getattr(test, "_hypothesis_internal_use_settings", None) or settings()
            more = settings(own, max_examples=times * own.max_examples, deadline=None)
            test._hypothesis_internal_use_settings = more  # type: ignore[union-attr]
    items[:] = kept
