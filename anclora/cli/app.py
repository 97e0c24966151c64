"""The commands, put together: what each is called, where it stands, and under which heading help shows it."""

import typer

from anclora.cli.shelf import Shelf, group_of


def _nouns(*names: str) -> dict[str, str]:
    return {name: name for name in names}


COMMANDS = Shelf(
    {
        "Start here": {"up": "up", "demo": "demo.command"},
        "Every day": _nouns(
            *("send", "messages", "inbound", "conversations", "queue", "instances", "contacts"),
            *("analytics", "conversions", "links", "templates", "hooks", "report", "notify"),
            *("ops", "alerts", "incidents", "oncall", "keys", "audit"),
            *("backup", "retention", "drill", "security", "deps", "logs", "costs", "capacity"),
            *("scale", "deploy", "smoke"),
        ),
        "The parts, one by one": _nouns("serve", "migrate", "sandbox", "version"),
    }
)
app = typer.Typer(cls=group_of(COMMANDS), no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def anclora() -> None:
    """Anclora: a WhatsApp platform that never loses or doubles a message, and runs itself."""
