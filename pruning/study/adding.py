"""A method is added to a study file that is there, which is left as it was where the two do not go together."""

import os
import tomllib
from pathlib import Path

from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.study.config import StudyConfig, expand
from pruning.study.folder import Study
from pruning.validation import validate


def add_method(study: Study, lines: str) -> None:
    """Write a `[[method]]` at the end of the study's file.

    Args:
        study: one of the user's own.
        lines: of TOML, beginning with `[[method]]`.

    Raises:
        UserError: the file would be no study any more, has a method of that name, or may not be written.
    """
    file: Path = study.source
    if not os.access(file, os.W_OK):
        raise UserError(f"{file} may not be written; copy the study and add the method there.")
    text = f"{file.read_text(encoding='utf-8').rstrip()}\n\n{lines.strip()}\n"
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"The method cannot be added to {file}: {error}.") from None
    expand(validate(StudyConfig, plain, str(file)), str(file))
    write_atomically(file, text)
