"""The app as a server: Streamlit's, whose page says where its server is."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:  # Streamlit puts the script's folder on the path, not the project's
    sys.path.insert(0, ROOT)

from starlette.middleware import Middleware  # noqa: E402
from streamlit.starlette import App  # noqa: E402

from app.shell.first_page import SaysWhere  # noqa: E402

app = App(Path(__file__).with_name("main.py"), middleware=[Middleware(SaysWhere)])
