"""Pydantic's errors as one sentence that names the key, the value and what was allowed."""

import types
from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from pruning.errors import UserError, nearest

Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], data: dict[str, Any], where: str) -> Model:
    """Build `model` from `data`; UserError with one sentence, beginning with `where`, when that fails."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{where}: {_sentence(model, error)}") from None
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _sentence(model: type[BaseModel], error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        allowed = _fields_at(model, first["loc"][:-1])
        guess = nearest(str(first["loc"][-1]), allowed)
        hint = f" Did you mean '{guess}'?" if guess else ""
        return f"unknown key '{key}'.{hint} Allowed here: {', '.join(allowed)}."
    if first["type"] == "missing":
        return f"the key '{key}' is missing."
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{key}: {message}" if key else message
    return f"'{key}' is {first['input']!r}, but: {message[0].lower()}{message[1:]}."


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys a (nested) pydantic model allows at a location such as ("training",) or ("method", 3)."""
    for part in location:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if isinstance(part, int) or part not in fields:
            continue
        inner = next(_models_in(fields[part].annotation), None)
        if inner is not None:
            model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _models_in(argument)
