"""The commands and how their errors are told."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from vidkryto.cli import (
    alerts,
    audit,
    calendar,
    catalogue,
    data_docs,
    demo,
    deployments,
    exception,
    keeping,
    look,
    observe,
    passport,
    portal,
    publication,
    rdf,
    register,
    returning,
    run,
    schema,
    score,
    up,
    validate,
)

app = typer.Typer(
    name="vidkryto",
    help="Open data publishing pipeline for a city: department exports to a CKAN portal, with evidence.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("stop")(demo.stop)
app.command("list")(catalogue.list_datasets)
app.command("check")(catalogue.check)
app.command("lock")(catalogue.lock)
app.command("look")(look.look)
app.command("new")(look.new)
app.command("validate", context_settings={"ignore_unknown_options": True})(validate.validate)
app.command("publish")(run.publish)
app.command("plan")(publication.plan)
app.command("approve")(publication.approve)
app.command("status")(run.status)
app.command("return")(returning.return_exports)
app.command("restore")(publication.restore)
app.command("withdraw")(publication.withdraw)
app.command("watch")(publication.watch)
app.command("report")(run.report)
app.command("doctor")(observe.doctor)
app.command("metrics")(observe.metrics)
app.command("gc")(keeping.gc)
app.command("backup")(keeping.backup)
app.command("recover")(keeping.recover)
app.command("data-docs")(data_docs.data_docs)
app.command("calendar")(calendar.calendar)
app.command("register")(register.register)
app.command("passport")(passport.passport)
app.command("rdf")(rdf.rdf)
app.command("score")(score.score)
portal.app.command("prepare")(publication.prepare)
app.add_typer(portal.app, name="portal")
app.add_typer(deployments.app, name="deployments")
app.add_typer(exception.app, name="exception")
app.add_typer(audit.app, name="audit")
app.add_typer(alerts.app, name="alerts")
app.add_typer(schema.app, name="schema")


@app.callback()
def _options(
    lang: Annotated[str, typer.Option("--lang", help="Language of messages: uk or en.")] = "",
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if lang:
        os.environ["VIDKRYTO_LANGUAGE"] = lang
    if version:
        from vidkryto import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line. An error made on purpose becomes one message and exit code 2."""
    from vidkryto.cli.helping import language_of, speak_ukrainian
    from vidkryto.errors import VidkrytoError

    try:
        if language_of(sys.argv[1:]) == "uk":
            speak_ukrainian(typer.main.get_command(app))()
        else:
            app()
    except VidkrytoError as error:
        sys.stderr.write(f"vidkryto: {error.told()}\n")
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
