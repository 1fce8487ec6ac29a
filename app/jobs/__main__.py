"""`python -m app.jobs FOLDER`: the process of the job in that folder."""

import signal
import sys
from pathlib import Path

from app.jobs.runner import live
from pruning.errors import UserError

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is not meant for it
    try:
        live(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(str(error))
