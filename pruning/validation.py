"""What users write, checked: models that cannot be changed, options, and an error of one sentence."""

import types
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)
from pydantic._internal._model_construction import ModelMetaclass
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pruning.errors import UserError, nearest

Model = TypeVar("Model", bound=BaseModel)
MISSING, MISSING_OPTION = "missing", "missing_option"


class _OneSentence(ModelMetaclass):
    """Makes a mistake in what is written in Python the same error as one in a file."""

    def __call__(cls, *args: Any, **fields: Any) -> Any:
        if args:
            first = next(iter(cast(type[BaseModel], cls).model_fields), "")
            raise UserError(f"{cls.__name__}: fields are given by name, such as {first}={args[0]!r}.")
        try:
            made = super().__call__(**fields)
        except ValidationError as error:
            cast(type[Frozen], cls).check_given(fields)  # what is wrong comes before what is missing
            raise UserError(f"{cls.__name__}: {_sentence(cast(type[BaseModel], cls), error)}") from None
        cast(Frozen, made).check_written()
        return made


class Frozen(BaseModel, metaclass=_OneSentence):
    """A model that never changes; a changed copy is validated as the original was."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def but(self, **changes: object) -> Self:
        """Return the same with these changes.

        Raises:
            UserError: they are not allowed.
        """
        return checked(type(self), values_of(self) | changes)

    @classmethod
    def check_given(cls, fields: Mapping[str, Any]) -> None:
        """Look at names among fields that do not suffice. Raises UserError where one names what is not here."""

    def check_written(self) -> None:
        """Look at what is written in Python, and may be otherwise in a file, which may be of another machine.

        Raises:
            UserError: it names what is not here.
        """

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; what is updated is validated, as in `but`."""
        return self.but(**update) if update else super().model_copy(deep=deep)


class Options(Frozen):
    """What something that has a name (a finder, a criterion, ...) lets one choose: a field each, made by `option`."""

    @model_serializer(mode="wrap")
    def _brief(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what came later and has its default, so that what is written (and hashed) is as before."""
        plain: dict[str, Any] = handler(self)
        for name, field in type(self).model_fields.items():
            extra = field.json_schema_extra
            if isinstance(extra, dict) and extra.get("later") and getattr(self, name) == field.default:
                plain.pop(name, None)
        return plain


def option(
    default: Any,
    title: str,
    meaning: str = "",
    values: Mapping[str, str] | None = None,
    part_of: str = "",
    later: bool = False,
    **limits: Any,
) -> Any:
    """Return a field of `Options`.

    Args:
        default: `...` where it must be given.
        title: its name for people.
        meaning: a sentence on it.
        values: the words for each of its values.
        part_of: where it is a fraction, what it is a fraction of.
        later: whether there were tickets before it, whose ids stay: `Options` are written without it at its default.
        limits: as those of pydantic's `Field`: `ge`, `lt`, ...
    """
    words: dict[str, Any] = {"values": dict(values or {}), "part_of": part_of, "later": later}
    return Field(default, title=title, description=meaning, json_schema_extra=words, **limits)


def option_words(field: FieldInfo) -> tuple[Mapping[str, str], str]:
    """Return an option's words for its values, and what it is a fraction of, '' where it is none."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    values, part_of = extra.get("values"), extra.get("part_of")
    return {key: str(word) for key, word in values.items()} if isinstance(values, dict) else {}, str(part_of or "")


def values_of(model: BaseModel) -> dict[str, Any]:
    """Return the values of a model's fields by name."""
    return {name: getattr(model, name) for name in type(model).model_fields}


def checked(model: type[Model], data: Mapping[str, Any]) -> Model:
    """Build `model` from `data`.

    Raises:
        UserError: something is not allowed; the sentence names key, value and what is.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UserError(_sentence(model, error)) from None


def validate(model: type[Model], data: Mapping[str, Any], where: str) -> Model:
    """Build `model` from `data`, as `checked` does.

    Raises:
        UserError: something is not allowed; the sentence begins with `where`.
    """
    try:
        return checked(model, data)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _sentence(model: type[BaseModel], error: ValidationError) -> str:
    first = min(error.errors(), key=lambda each: each["type"] in (MISSING, MISSING_OPTION))
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        allowed = _fields_at(model, first["loc"][:-1])
        guess = nearest(str(first["loc"][-1]), allowed)
        hint = f" Did you mean '{guess}'?" if guess else ""
        return f"unknown key '{key}'.{hint} Allowed here: {', '.join(allowed) or 'none'}."
    if first["type"] == MISSING_OPTION:
        return first["msg"]
    if first["type"] == MISSING:
        return f"the key '{key}' is missing."
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{key}: {message}" if key else message
    hint = _hint(first)
    return f"'{key}' is {first['input']!r}, but: {message[0].lower()}{message[1:]}.{hint}"


def _hint(error: ErrorDetails) -> str:
    """Of percentages where fractions are asked for, what was meant."""
    value, limits = error["input"], error.get("ctx", {})
    if 1 in (limits.get("lt"), limits.get("le")) and isinstance(value, int | float) and 1 < value <= 100:
        return f" Did you mean {value / 100:g}?"
    return ""


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
