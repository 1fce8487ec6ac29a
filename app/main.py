"""What Streamlit runs as the app; `python -m app [PATH]` starts it, where PATH is a study folder."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:  # Streamlit puts the script's folder on the path, not the project's
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from app import assets, beside  # noqa: E402
from app.shell import navigation, warming  # noqa: E402
from app.shell.guard import guard  # noqa: E402
from app.shell.trust import guard_code  # noqa: E402
from app.shell.url import synchronise  # noqa: E402

st.set_page_config(
    page_title="Pruning side by side", page_icon=str(Path(ROOT, "app", "assets", "icon.svg")), layout="wide"
)
st.html(f"<style>{assets.read('style.css')}</style>")
guard_code()
synchronise()
guard(navigation.run, beside.show)
warming.go_on()
