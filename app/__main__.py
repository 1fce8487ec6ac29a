"""`python -m app`, or `pruning-app` where it is installed: its command is that of `app.shell.command_line`."""

from pruning.cli.early import run


def command() -> None:
    """Run the command line."""
    run("app.shell.command_line")


if __name__ == "__main__":
    command()
