"""What is given away: names of files, tables."""

from app.shell.downloads import file_name


def test_file_names_of_downloads() -> None:
    assert file_name("How accuracy falls, as weights are removed!") == "how-accuracy-falls-as-weights-are-removed"
    assert file_name("…") == "chart"
    assert len(file_name("long " * 50)) <= 60
