"""`python -m pruning`: find the tickets of a study, list them, look at one, take one elsewhere."""

import typer

from pruning.cli.cache_command import list_caches
from pruning.cli.find_command import find_from_recipe
from pruning.cli.import_command import import_checkpoint
from pruning.cli.ownership_commands import sign_ticket, verify_ticket
from pruning.cli.study_commands import list_models, list_tickets, run_study, write_study
from pruning.cli.ticket_commands import export_ticket, show_ticket

app = typer.Typer(
    help="Find the sparse subnetworks (tickets) that pruning methods yield.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run_study)
app.command("find")(find_from_recipe)
app.command("list")(list_tickets)
app.command("show")(show_ticket)
app.command("export")(export_ticket)
app.command("sign")(sign_ticket)
app.command("verify")(verify_ticket)
app.command("models")(list_models)
app.command("import")(import_checkpoint)
app.command("init")(write_study)
app.command("cache")(list_caches)
