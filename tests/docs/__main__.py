"""python -m tests.docs: write the documents that are made of the code anew."""

from tests import ROOT
from tests.browser.conftest import chromium
from tests.docs import api, notebook

DOCS = ROOT / "docs"


def main() -> None:
    """Write the page of the public interface, and run the notebook; without a Chromium its chart stays as it is."""
    (DOCS / "api.md").write_text(api.page(), encoding="utf-8")
    file = DOCS / notebook.NAME
    ours = notebook.read(file)
    if chromium():
        notebook.run(ours, notebook.in_chromium)
        notebook.write(ours, file)
    else:
        print(f"{file.name} is left as it is: there is no Chromium to draw its chart.")


if __name__ == "__main__":
    main()
