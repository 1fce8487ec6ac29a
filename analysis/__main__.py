"""`python -m analysis`: its commands are those of `analysis.cli.commands`."""

from pruning.cli.early import run


def command() -> None:
    """Run the command line."""
    run("analysis.cli.commands")


if __name__ == "__main__":
    command()
