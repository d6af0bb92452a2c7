"""`vidkryto alerts`: what is wrong now, and telling people of it once."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, say_count, settings

app = typer.Typer(help="What people are told, once for each cause.", no_args_is_help=True, rich_markup_mode=None)
COLUMNS = ("kind", "department", "datasets", "what is wrong", "next step")


@app.command("list", epilog="Example: vidkryto alerts list --json")
def list_causes(as_json: Json = False) -> None:
    """The causes that are open now. Sends nothing."""
    from vidkryto.alerts import causes

    chosen = settings()
    rows = []
    for cause in causes(chosen):
        title, step = cause.words(chosen.language)
        office = cause.department or say("data office")
        rows.append((say(cause.kind), office, ", ".join(cause.datasets), title, step))
    if as_json:
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(COLUMNS, rows)


@app.command("send", epilog="Example: vidkryto alerts send --dry-run")
def send(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the messages; send and remember nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Tell what was not told yet, on the routes of alerts.yaml.

    Exit code 0: nothing to tell, or all told; 2: a route did not take its message, which is kept for the next time.
    """
    from vidkryto.alerts import send_alerts

    made = send_alerts(settings(), dry_run=dry_run)
    told: list[dict[str, Any]] = [
        {
            "route": item.route,
            "department": item.department,
            "causes": [cause.id for cause in item.causes],
            "text": item.text,
            "error": item.error,
        }
        for item in made
    ]
    if as_json:
        print_json(told)
    else:
        for item in made:
            people().print(f"{item.route} ({item.department}): {item.error or say('told')}", markup=False)
            if dry_run:
                typer.echo(item.text)
        people().print(say_count("{n} message", "{n} messages", len(made)))
    raise typer.Exit(2 if any(item.error for item in made) else 0)
