"""A decorator that adds a measure of the user's for this process and its workers."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from analysis.engine.base import SHOWN, Column, Measure, Need, Subject
from analysis.results.tables import TABLES
from pruning.registry import decorator


def register_measure(
    name: str | Measure | Callable[..., Any] | None = None,
    *,
    columns: Mapping[str, Column | tuple[str, str, str]] | None = None,
    needs: Collection[Need] = (),
    of: Subject = "ticket",
    meaning: str = "",
    **facts: Any,
) -> Any:
    """Decorate a class or a function, and so add a measure: a table of a study's results.

    Where networks are shown images (`needs` has logits, features, activations or gradients) it is called with a
    `Context`, and gives an object with ``update(shown)`` and ``rows()``; else it is called with one and gives the rows.

    Args:
        name: of the table; left out, as the class or function. Or a whole `Measure`.
        columns: by name, each a `Column` or its kind, unit and meaning, such as ("f64", "nats", "mean entropy").
        needs: what the rows are made from.
        of: what a row is about.
        meaning: what it holds; left out, the first line of the docstring.
        facts: other attributes of `Measure`.

    Raises:
        UserError: one of that name ships with the project.
    """

    def make(called: str, function: Any) -> Measure:
        first = (function.__doc__ or called).strip().splitlines()[0].rstrip(".")
        columned = {key: each if isinstance(each, Column) else Column(*each) for key, each in (columns or {}).items()}
        way = "rows" if SHOWN.isdisjoint(needs) else "start"
        return Measure(
            name=called, meaning=meaning or first, of=of, needs=frozenset(needs), columns=columned,
            **{way: function}, **facts,
        )  # fmt: skip

    return decorator(TABLES, name, make)
