"""`python -m app.report`: what `python -m analysis report` hands over to."""

from pruning.cli.early import run

if __name__ == "__main__":
    run("app.report.command_line")
