"""Commands around publication: `plan`, `approve`, `restore`, `withdraw`, `watch`, `portal prepare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vidkryto import clock
from vidkryto.cli import prefect_here
from vidkryto.cli.common import Json, PortalName, people, print_json, say, settings

if TYPE_CHECKING:
    from vidkryto.catalogue import Dataset
    from vidkryto.findings import Finding
    from vidkryto.plan.value import Plan
    from vidkryto.publish.approvals import Approvals
    from vidkryto.publish.portal import CkanPortal
    from vidkryto.publish.receipt import Receipt, Receipts
    from vidkryto.publish.staging import Prepared
    from vidkryto.release import Release, Releases
    from vidkryto.settings import Settings

Name = Annotated[str, typer.Argument(help="The dataset's name in the catalogue.")]
Who = Annotated[str, typer.Option("--as", help="The account that decides: data-office-2. Never a person's name.")]
Role = Annotated[str, typer.Option("--role", help="The office of that account.")]
Why = Annotated[str, typer.Option("--reason", help="Why; goes into the ledger.")]


def plan(
    dataset: Name,
    release: Annotated[str, typer.Option("--release", help="A version; default: the newest release built.")] = "",
    portal: PortalName = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Show what publishing a release would change on the portal now. Nothing is written there.

    Exit code 0: nothing or routine; 1: it waits for approval.

    Example: vidkryto plan public-transport-stops
    """
    from vidkryto.pipeline.exceptions import decisions_of, in_force
    from vidkryto.plan.render import as_markdown, as_text

    chosen = settings(portal)
    entry = _dataset(chosen, dataset)
    made = _plan(chosen, entry, _release(chosen, dataset, release, portal))
    _approvals(chosen).keep(made)
    language = chosen.language
    today = clock.now().date()
    excepted = in_force(decisions_of(chosen, dataset), today)
    if as_json:
        print_json({"hash": made.hash, **made.content(), "exceptions": [one.to_json(today) for one in excepted]})
    else:
        typer.echo(as_markdown(made, language) if markdown else as_text(made, language), nl=False)
        typer.echo("".join(f"{one.in_words(language)}\n" for one in excepted), nl=False)
    raise typer.Exit(1 if _waits(made, entry) else 0)


def approve(
    reference: Annotated[str, typer.Argument(metavar="PLAN", help="The first digits of the plan's hash.")],
    who: Who,
    role: Role,
    reason: Why,
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="How long the approval holds.")] = 14,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse the plan instead.")] = False,
    portal: PortalName = "",
    as_json: Json = False,
) -> None:
    """Let a plan pass that waits for a person: this plan and no other, for some days.

    A run that waits in Prefect's pages for the answer to its form goes on with this one.

    Example: vidkryto approve 3f2a90c1d4e5 --as data-office-2 --role "відділ даних" --reason "перевірено"
    """
    from dataclasses import asdict
    from datetime import timedelta

    from vidkryto.pipeline import Approver
    from vidkryto.pipeline.approving import decide

    chosen = settings(portal)
    approval = decide(
        _approvals(chosen),
        chosen,
        reference,
        Approver(who, role, reason),
        decision="refused" if refuse else "approved",
        lifetime=timedelta(days=days),
    )
    resumed = prefect_here.resume_waiting(chosen, approval)
    if as_json:
        print_json(asdict(approval))
        return
    until = say("refused until {until}" if refuse else "approved until {until}", until=approval.until)
    people().print(f"{approval.dataset}: {approval.plan[:12]}, {until}", markup=False)
    if resumed:
        people().print(say("The run that waited for it goes on."))
    elif not refuse:
        _say_next(approval.dataset, portal)


def restore(
    dataset: Name,
    who: Who,
    role: Role,
    reason: Why,
    to: Annotated[str, typer.Option("--to", help="The version whose content comes back.")] = "",
    portal: PortalName = "",
    as_json: Json = False,
) -> None:
    """Put an earlier release back: file, table, dictionary and metadata together, as a new version.

    Without --to a withdrawal is lifted, and the next run publishes what the department hands over.

    Classes, deny lists and exceptions of today decide over it: what they would not let out is not put back.

    Example: vidkryto restore public-transport-stops --to 1.3.0 --as data-office-2 --role "відділ даних"
    --reason "помилка у вивантаженні"
    """
    from vidkryto.pipeline import ledger_of, shared
    from vidkryto.pipeline.going_back import closed_today
    from vidkryto.publish.apply import Applying, apply
    from vidkryto.publish.restore import restored_release

    chosen = settings(portal)
    entry, releases = _dataset(chosen, dataset), _releases(chosen, dataset)
    shared.draw(chosen, dataset)
    if not to:
        _lift(chosen, dataset, {"who": who, "role": role, "reason": reason})
        _say_next(dataset, portal)
        return
    old, published = releases.find(to), releases.published()
    if old is not None:
        _refuse_what_is_closed(chosen, entry, old)
    release = restored_release(releases, to, closed_today(chosen, entry))
    made = _plan(chosen, entry, release, notice=False)
    body = {"who": who, "role": role, "reason": reason, "plan": made.hash, "release": _named(release)}
    if published is not None:
        body["replaces"] = _named(published)
    ledger_of(chosen).append("restore", dataset, body)
    receipt = apply(made, release, _open(chosen, entry), Applying(outcome="restored", reason=reason))
    _receipts(chosen).save(receipt)
    releases.mark_published(release)
    shared.hand_over(chosen, dataset)
    content = f"{old.version} → {release.version}" if old else release.version
    _told(receipt, f"{dataset}: {content}", as_json)


def withdraw(
    dataset: Name,
    who: Who,
    role: Role,
    reason: Why,
    legal_basis: Annotated[str, typer.Option("--legal-basis", help="The article of the law.")],
    erase: Annotated[
        bool, typer.Option("--erase", help="Delete its exports, releases, plans and run records here too.")
    ] = False,
    portal: PortalName = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Take every copy of a dataset off the portal: files, tables, package; each address is asked afterwards.

    It stays away until vidkryto restore brings it back. Of what --erase deletes the hashes stay in the ledger.

    Example: vidkryto withdraw school-meals --as data-office-2 --role "відділ даних"
    --reason "персональні дані" --legal-basis "стаття 6 Закону 2939-VI"
    """
    from vidkryto.cli.run import build_report
    from vidkryto.errors import StateError
    from vidkryto.keeping.erase import erasable
    from vidkryto.keeping.erase import erase as delete
    from vidkryto.pipeline import ledger_of, shared
    from vidkryto.publish.withdraw import Reason
    from vidkryto.publish.withdraw import withdraw as take_down

    chosen = settings(portal)
    entry = _dataset(chosen, dataset)
    if not yes:
        typer.confirm(say("Take every copy of {dataset} off the portal?", dataset=dataset), abort=True, err=True)
    try:
        shared.draw(chosen, dataset)
    except StateError as error:  # what must go does not wait for a store
        people().print(error.message, markup=False)
    published = _releases(chosen, dataset).published()
    body: dict[str, object] = {"who": who, "role": role, "reason": reason, "basis": legal_basis}
    if published is not None:
        body["release"] = _named(published)
    objects = erasable(chosen, dataset) if erase else ()
    if objects:
        body["objects"] = list(objects)
    ledger_of(chosen).append("withdrawal", dataset, body)
    target = _open(chosen, entry)
    receipt = None
    if not erase or target.dataset(dataset, {}) is not None:  # what never went out can be erased too
        receipt = take_down(dataset, target, Reason(reason, legal_basis))
        _receipts(chosen).save(receipt)
    try:
        shared.hand_over(chosen, dataset)
    except StateError as error:  # nor does what is deleted here; the next draw gives what was not given
        people().print(error.message, markup=False)
    if erase:
        people().print(say("{files} files deleted", files=delete(chosen, dataset, objects)), markup=False)
        build_report(chosen)
    if receipt is not None:
        _told(receipt, f"{dataset}: {say(receipt.outcome)}", as_json)


def watch(
    names: Annotated[list[str] | None, typer.Argument(help="Datasets; all published ones when none is named.")] = None,
    portal: PortalName = "",
    repair: Annotated[bool, typer.Option("--repair", help="Publish the last release again where it differs.")] = False,
    as_json: Json = False,
) -> None:
    """Compare the portal with the last receipts: hand edits, lost tables, broken downloads, stale search.

    Exit code 0: as published (or repaired); 1: something differs; 2: a contract does not load or is gone.

    Example: vidkryto watch --repair
    """
    from vidkryto.errors import ContractError

    chosen = settings(portal)
    receipts = _receipts(chosen)
    told: dict[str, list[dict[str, str]]] = {}
    left_out = 0
    for name in names or receipts.datasets():
        receipt = receipts.latest(name)
        if receipt is None:
            people().print(f"{name}: {say('never published')}", markup=False)
            continue
        try:
            entry = _dataset(chosen, name)
        except ContractError as error:
            people().print(f"{name}: {error.told()}", markup=False)
            left_out += 1
            continue
        language, found = chosen.language, _differences(chosen, entry, receipt, repair=repair)
        told[name] = [{"code": f.code, "message": f.message(language), "remedy": f.remedy(language)} for f in found]
    if as_json:
        print_json(told)
    else:
        for name, found_here in told.items():
            typer.echo(f"{name}: {len(found_here) or say('as published')}")
            for line in found_here:
                typer.echo(f"  {line['code']}: {line['message']}\n    → {line['remedy']}")
    raise typer.Exit(2 if left_out else int(any(told.values())))


def prepare(
    names: Annotated[list[str] | None, typer.Argument(help="Datasets; all active ones when none is named.")] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="A sysadmin's token, mode 0600; default: the local portal's.")
    ] = None,
    portal: PortalName = "",
    as_json: Json = False,
) -> None:
    """Let tables be changed in one step: a sysadmin runs this once, and again when tables are added.

    Example: vidkryto portal prepare --token-file ~/sysadmin.token
    """
    from dataclasses import asdict, replace

    from vidkryto.catalogue import find_dataset, load_all
    from vidkryto.publish.portal import CkanPortal
    from vidkryto.publish.staging import prepare as set_up
    from vidkryto.settings import Settings

    chosen = settings(portal)
    file = token_file or chosen.home / "portal" / "sysadmin.token"
    token = Settings.from_environment({"VIDKRYTO_CKAN_URL": "-", "VIDKRYTO_CKAN_TOKEN_FILE": str(file)}).ckan_token
    datasets = (
        [find_dataset(chosen.datasets, name) for name in names]
        if names
        else [item for item in load_all(chosen.datasets)[0] if item.contract.publication.status == "active"]
    )
    done: list[Prepared] = []
    for organization in sorted({chosen.organization or item.city.organization for item in datasets}):
        tables = {
            item.name: [resource.path for resource in item.contract.resources]
            for item in datasets
            if (chosen.organization or item.city.organization) == organization
        }
        done += set_up(CkanPortal.of(replace(chosen, ckan_token=token), organization), tables)
    if as_json:
        print_json([asdict(item) for item in done])
    else:
        people().print("\n".join(f"{item.dataset}: {item.table}" for item in done), markup=False)


def _lift(chosen: Settings, dataset: str, body: dict[str, object]) -> None:
    """Let a withdrawn dataset be run again."""
    from vidkryto.errors import PlanError
    from vidkryto.pipeline import ledger_of
    from vidkryto.pipeline.withdrawn import withdrawn_since

    if dataset not in withdrawn_since(chosen):
        raise PlanError(f"{dataset} is not withdrawn", remedy="Name the version that comes back with --to.")
    ledger_of(chosen).append("restore", dataset, body)


def _refuse_what_is_closed(chosen: Settings, entry: Dataset, release: Release) -> None:
    """Say what today's rules find in a release, and raise PlanError when it may not go out."""
    from vidkryto.errors import PlanError
    from vidkryto.findings import Severity
    from vidkryto.pipeline.going_back import judge_again

    if (access := entry.contract.publication.access.status) != "open":
        raise PlanError(
            f"{entry.name} does not go out: its access is {access}",
            remedy="Change publication.access in dataset.yaml when the legal ground is gone.",
        )
    found = [one for one in judge_again(chosen, entry, release) if one.severity is Severity.ERROR]
    for one in found:
        people().print(f"{one.code}: {one.message(chosen.language)}\n  → {one.remedy(chosen.language)}", markup=False)
    if found:
        raise PlanError(
            f"release {release.version} of {entry.name} does not go out: by the rules of today it shows too much",
            remedy="Mend what is named above, or publish the export anew: vidkryto publish",
        )


def _differences(chosen: Settings, entry: Dataset, receipt: Receipt, *, repair: bool) -> tuple[Finding, ...]:
    """What differs from the receipt, after a repair where one is wanted; kept for the alerts."""
    from vidkryto.alerts.oversight import keep_drift
    from vidkryto.publish.watch import drift

    receipts = _receipts(chosen)
    found = drift(receipt, _open(chosen, entry))
    if found and repair and receipt.outcome != "withdrawn":
        _again(chosen, entry, receipts)
        found = drift(receipts.latest(entry.name) or receipt, _open(chosen, entry))
    keep_drift(chosen, entry.name, found)
    return found


def _again(chosen: Settings, entry: Dataset, receipts: Receipts) -> None:
    """Publish the last release once more, where today's rules let it; it was approved when it was published."""
    from vidkryto.pipeline import shared
    from vidkryto.publish.apply import apply

    shared.draw(chosen, entry.name)
    published = _releases(chosen, entry.name).published()
    if published is not None:
        _refuse_what_is_closed(chosen, entry, published)
        made = _plan(chosen, entry, published, notice=False)
        receipts.save(apply(made, published, _open(chosen, entry)))
        shared.hand_over(chosen, entry.name)


def _plan(chosen: Settings, entry: Dataset, release: Release, *, notice: bool = True) -> Plan:
    """A plan by the contract; without its notice where a person brings back what users knew before."""
    from vidkryto.plan.make import PlanSettings, make_plan

    wanted = entry.contract.publication
    settings = PlanSettings(wanted.bands.rows.share(), wanted.notice_days if notice else 0)
    shown = _receipts(chosen).shown(_releases(chosen, entry.name), entry.name)
    return make_plan(release, _open(chosen, entry), settings, shown)


def _waits(made: Plan, entry: Dataset) -> bool:
    from vidkryto.publish.approvals import waits

    wanted = entry.contract.publication.approval
    return waits(made, first=_policy(wanted.first), breaking=_policy(wanted.breaking))


def _policy(text: str) -> Literal["required", "none"]:
    return "none" if text == "none" else "required"


def _dataset(chosen: Settings, name: str) -> Dataset:
    from vidkryto.catalogue import find_dataset

    return find_dataset(chosen.datasets, name)


def _releases(chosen: Settings, name: str) -> Releases:
    from vidkryto.release import Releases

    return Releases(chosen.home / "releases" / name)


def _say_next(dataset: str, portal: str) -> None:
    """Name the command that publishes: to the portal that was named, and not to the environment's."""
    people().print(say("Next: vidkryto publish {dataset}", dataset=_to(dataset, portal)), markup=False)


def _to(dataset: str, portal: str) -> str:
    return f"{dataset} --portal {portal}" if portal else dataset


def _release(chosen: Settings, name: str, version: str, portal: str) -> Release:
    from vidkryto.errors import PlanError

    releases = _releases(chosen, name)
    kept = releases.all()
    found = releases.find(version) if version else (kept[-1] if kept else None)
    if found is None:
        known = ", ".join(release.version for release in kept) or "none"
        raise PlanError(
            f"there is no release {version} of {name}; releases kept: {known}",
            remedy=f"Build one: vidkryto publish {_to(name, portal)}",
        )
    return found


def _open(chosen: Settings, entry: Dataset) -> CkanPortal:
    from vidkryto.publish.portal import CkanPortal

    return CkanPortal.of(chosen, chosen.organization or entry.city.organization)


def _approvals(chosen: Settings) -> Approvals:
    from vidkryto.publish.approvals import Approvals

    return Approvals(chosen.home / "plans")


def _receipts(chosen: Settings) -> Receipts:
    from vidkryto.publish.receipt import Receipts

    return Receipts(chosen.home / "receipts")


def _named(release: Release) -> dict[str, str]:
    return {"version": release.version, "sha256": release.sha256}


def _told(receipt: Receipt, words: str, as_json: bool) -> None:
    if as_json:
        print_json(receipt.as_json())
    else:
        people().print(words, markup=False)
