"""`python -m pruning`: its commands are those of `pruning.cli.commands`."""

from pruning.cli.early import run


def command() -> None:
    """Run the command line."""
    run("pruning.cli.commands")


if __name__ == "__main__":
    command()
