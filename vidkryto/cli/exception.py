"""`vidkryto exception`: two people let something pass that the disclosure gate stops, for a reason and a time."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from vidkryto import clock
from vidkryto.cli.common import Json, people, print_json, print_table, say, settings

if TYPE_CHECKING:
    from vidkryto.pipeline.exceptions import Decision

app = typer.Typer(
    name="exception",
    help="Exceptions of two people to the disclosure gate.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Who = Annotated[str, typer.Option("--as", help="The account that decides: data-office-2. Never a person's name.")]
Role = Annotated[str, typer.Option("--role", help="The office of that account.")]
Why = Annotated[str, typer.Option("--reason", help="Why; goes into the ledger.")]
Number = Annotated[str, typer.Argument(metavar="EXCEPTION", help="The first digits of its number.")]
COLUMNS = ("exception", "dataset", "table", "field", "kind", "cells", "state", "until", "accounts", "reason")


@app.command()
def propose(
    dataset: Annotated[str, typer.Argument(help="The dataset's name in the catalogue.")],
    place: Annotated[str, typer.Argument(metavar="TABLE.FIELD", help="Where; TABLE.* for any field.")],
    kind: Annotated[str, typer.Argument(help="What is let pass: phone, person_name …, or class-change.")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day, within a year.")],
    who: Who,
    role: Role,
    reason: Why,
    cells: Annotated[int | None, typer.Option(min=1, help="No more cells; default: those of the last run.")] = None,
    as_json: Json = False,
) -> None:
    """Propose to publish what the gate stopped in the last run. Nothing passes until another account confirms it.

    Example: vidkryto exception propose register contacts.phone phone --until 2027-06-30 --as data-office-1
    --role "відділ даних" --reason "службові телефони установ"
    """
    from vidkryto.catalogue import find_dataset
    from vidkryto.errors import SettingsError
    from vidkryto.pipeline.exceptions import By, Covered
    from vidkryto.pipeline.exceptions import propose as write

    chosen = settings()
    table, dot, field = place.partition(".")
    if not dot:
        raise SettingsError(f"{place!r} names no field", remedy="Write TABLE.FIELD, for example stops.phone.")
    covered = Covered(table, field, kind, until.date(), cells)
    made = write(chosen, find_dataset(chosen.datasets, dataset), covered, By(who, role, reason))
    _told(made, as_json)
    people().print(
        say("A second person is awaited: vidkryto exception confirm {number}", number=made.number[:12]), markup=False
    )


@app.command()
def confirm(number: Number, who: Who, role: Role, reason: Why, as_json: Json = False) -> None:
    """Confirm an exception that another account proposed; from the next run on it holds.

    Example: vidkryto exception confirm 3f2a90c1d4e5 --as legal-office-2 --role "юридичний відділ"
    --reason "перевірено за законом 2939"
    """
    from vidkryto.pipeline.exceptions import By
    from vidkryto.pipeline.exceptions import confirm as write

    _told(write(settings(), number, By(who, role, reason)), as_json)


@app.command()
def revoke(number: Number, who: Who, role: Role, reason: Why, as_json: Json = False) -> None:
    """End an exception before its day; one account is enough.

    Example: vidkryto exception revoke 3f2a90c1d4e5 --as data-office-2 --role "відділ даних" --reason "дані змінилися"
    """
    from vidkryto.pipeline.exceptions import By
    from vidkryto.pipeline.exceptions import revoke as write

    _told(write(settings(), number, By(who, role, reason)), as_json)


@app.command("list")
def list_exceptions(
    dataset: Annotated[str, typer.Argument(help="A dataset; all when none is named.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Also the revoked and expired ones.")] = False,
    as_json: Json = False,
) -> None:
    """Exceptions proposed and in force, out of the signed ledger.

    Example: vidkryto exception list --all
    """
    from vidkryto.pipeline.exceptions import decisions_of

    today = clock.now().date()
    found = [
        one for one in decisions_of(settings(), dataset) if every or one.standing(today) in ("proposed", "confirmed")
    ]
    if as_json:
        print_json([one.to_json(today) for one in found])
    else:
        print_table(COLUMNS, [_row(one, today) for one in found])


def _row(one: Decision, today: date) -> tuple[object, ...]:
    covered = one.exemption
    return (
        one.number[:12], one.dataset, covered.resource, covered.field, covered.kind, covered.cells,
        one.standing(today), covered.until, ", ".join(covered.people), covered.reason,
    )  # fmt: skip


def _told(one: Decision, as_json: bool) -> None:
    if as_json:
        print_json(one.to_json(clock.now().date()))
    else:
        covered = one.exemption
        words = f"{one.number[:12]} {one.dataset} {covered.resource}.{covered.field} {covered.kind}: {one.state}"
        people().print(f"{words}, → {covered.until}", markup=False)
