"""Send what is new: by route and department, not in quiet hours, each cause once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from vidkryto import clock
from vidkryto.alerts.cause import OFFICE, Cause
from vidkryto.alerts.causes import causes
from vidkryto.alerts.configuration import Configuration, Email, PrefectEvent, Route, Webhook, load_configuration
from vidkryto.alerts.mail import send_mail
from vidkryto.alerts.memory import Memory, memory
from vidkryto.alerts.message import Message, compose
from vidkryto.alerts.webhook import post
from vidkryto.catalogue import Dataset, load_all
from vidkryto.errors import VidkrytoError
from vidkryto.pipeline.promised import note_promises
from vidkryto.settings import Settings

Emit = Callable[[Cause], None]
"""Sends an event to Prefect; the flow gives one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one department on one route; `error` says why it was not taken, and it is tried again."""

    route: str
    department: str
    causes: tuple[Cause, ...]
    text: str
    error: str = ""


def send_alerts(
    settings: Settings,
    *,
    now: datetime | None = None,
    emit: Emit | None = None,
    dry_run: bool = False,
    configuration: Configuration | None = None,
) -> tuple[Delivery, ...]:
    """Tell every open cause that was not told yet, on every route that carries it. Safe to call at any time.

    What was told is kept after each message, so that a crash repeats one message at most, under the same
    Message-ID. A route that does not take its message, whatever the reason, keeps it until the next call and stops
    no other. Raises StateError, before anything is sent, when what was told could not be kept: on a full disk the
    same would be told every quarter of an hour.
    """
    moment = now or clock.now()
    chosen = configuration or load_configuration(settings.root)
    datasets, _ = load_all(settings.datasets)
    made = []
    if not dry_run:
        note_promises(settings, datasets, moment)
    with memory(settings.home) as told:
        found = causes(settings, moment, datasets)
        told.see(found, moment)
        if not dry_run:
            told.save()
        for route in chosen.routes:
            if isinstance(route, PrefectEvent) and emit is None:
                continue
            for department, new, still in _due(route, chosen, found, told, moment):
                city = datasets[0].city.title_in(route.language) if datasets else "Vidkryto"
                message = compose(f"{route.name} {department} {told.since(new)}", new, still, route.language, city)
                error = "" if dry_run else _deliver(route, message, _recipients(department, datasets), emit)
                made.append(Delivery(route.name, department or "office", new, message.text(), error))
                if not error and not dry_run:
                    for cause in new:
                        told.tell(cause, route.name, moment)
                    if route.digest:
                        told.digests[f"{route.name} {department}"] = chosen.local(moment).date().isoformat()
                    told.save()
    return tuple(made)


def _due(
    route: Route, chosen: Configuration, found: tuple[Cause, ...], told: Memory, now: datetime
) -> Iterator[tuple[str, tuple[Cause, ...], tuple[Cause, ...]]]:
    """For each department: the causes to tell on this route now, and, in a digest, those told before and open."""
    local = chosen.local(now)
    quiet = chosen.quiet is not None and chosen.quiet.at(local)
    urgent = chosen.quiet.urgent if chosen.quiet else ()
    carried = [cause for cause in found if route.carries(cause)]
    for department in sorted({cause.department for cause in carried}):
        mine = [cause for cause in carried if cause.department == department]
        new = tuple(cause for cause in mine if not told.told(cause, route.name))
        if quiet:
            new = tuple(cause for cause in new if cause.kind in urgent)
        if route.digest and not (quiet and new):
            sent = told.digests.get(f"{route.name} {department}", "")
            if quiet or f"{local:%H:%M}" < route.digest or sent == local.date().isoformat():
                continue
        still = tuple(cause for cause in mine if cause not in new) if route.digest and not quiet else ()
        if new:
            yield department, new, still


def _recipients(department: str, datasets: tuple[Dataset, ...]) -> tuple[str, ...]:
    """The department's contact; for the data office the city's."""
    for dataset in datasets:
        if department == OFFICE:
            return (dataset.city.contact.email,)
        if dataset.department.name == department:
            return (dataset.department.contact.email,)
    return ()


def _deliver(route: Route, message: Message, contact: tuple[str, ...], emit: Emit | None) -> str:
    try:
        if isinstance(route, Email):
            send_mail(route, message, route.to or contact)
        elif isinstance(route, Webhook):
            post(route, message)
        elif emit is not None:
            for cause in message.new:
                emit(cause)
    except VidkrytoError as error:
        return str(error)
    except Exception as error:  # an address that is none, a library's own error: the next route goes on
        return f"the alert route {route.name} did not take a message: {type(error).__name__}"
    return ""
