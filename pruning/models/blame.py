"""Exceptions of the user's code as one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from pruning.errors import UserError


@contextmanager
def blamed(what: str) -> Iterator[None]:
    """Turns any exception of the user's code into one sentence that says where in their files it arose.

    Raises:
        UserError: there was one.
    """
    try:
        yield
    except UserError:
        raise
    except SyntaxError as error:
        raise UserError(f"{what}: line {error.lineno} is not valid Python ({error.msg}).") from error
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())[:200].rstrip(".")
        raise UserError(f"{what}: {type(error).__name__}{': ' if text else ''}{text}{_place(error)}.") from error


def _place(error: BaseException) -> str:
    found, step = "", error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__", "").startswith("_user_model_"):
            found = f" (line {step.tb_lineno})"
        step = step.tb_next
    return found
