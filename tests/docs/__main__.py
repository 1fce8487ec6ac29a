"""python -m tests.docs: write the documents that are made of the code anew."""

from tests import ROOT
from tests.docs import api

if __name__ == "__main__":
    (ROOT / "docs" / "api.md").write_text(api.page(), encoding="utf-8")
