"""`alerts.yaml` beside datasets/: who is told of what, on which way, and when not. It never holds a secret."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, field_validator

from vidkryto.alerts.cause import KINDS, OFFICE, Cause, Kind
from vidkryto.catalogue.deployments import ALERTS_FILE
from vidkryto.catalogue.load import load_block
from vidkryto.catalogue.model import Block
from vidkryto.catalogue.working_days import is_working_day

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Quiet(Block):
    """Hours in which nobody is told anything but `urgent` kinds; what happens then is told when they end."""

    since: Clock = "20:00"
    until: Clock = "08:00"
    weekends: bool = True
    """Whether weekends and public holidays are quiet all day."""
    urgent: tuple[Kind, ...] = ()

    def at(self, moment: datetime) -> bool:
        """Whether `moment`, in the city's time, is quiet."""
        if self.weekends and not is_working_day(moment.date()):
            return True
        since, until, now = time.fromisoformat(self.since), time.fromisoformat(self.until), moment.time()
        return since <= now < until if since <= until else now >= since or now < until


class Route(Block):
    """What all routes share: which causes they carry."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    departments: tuple[str, ...] = ("*",)
    """Names of departments; `*` is all of them, `office` what concerns the data office alone."""
    kinds: tuple[Kind, ...] = KINDS
    language: Literal["uk", "en"] = "uk"
    digest: Clock | None = None
    """At this time one message a day for each department, instead of one for each cause."""

    def carries(self, cause: Cause) -> bool:
        """Whether this route tells of the cause."""
        mine = "office" if cause.department == OFFICE else cause.department
        return cause.kind in self.kinds and ("*" in self.departments or mine in self.departments)


class Email(Route):
    """Mail over SMTP. Without `to` a department's contact is written to, and the city's for the office."""

    kind: Literal["email"]
    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    to: tuple[str, ...] = ()
    user: str = ""
    password_variable: Variable | None = None
    password_file: str = ""


class Webhook(Route):
    """A message posted to an address, which is itself a secret: it comes from a variable or a file of mode 0600."""

    kind: Literal["webhook"]
    form: Literal["slack", "mattermost", "teams", "telegram"]
    url_variable: Variable | None = None
    url_file: str = ""
    chat: str = ""
    """The chat's id, for Telegram."""


class PrefectEvent(Route):
    """An event `vidkryto.alert.KIND` on the Prefect server, for its automations; sent by the flow only."""

    kind: Literal["prefect"]


AnyRoute = Annotated[Email | Webhook | PrefectEvent, Field(discriminator="kind")]


class Configuration(Block):
    """`alerts.yaml`."""

    timezone: str = "Europe/Kyiv"
    quiet: Quiet | None = Quiet()
    routes: tuple[AnyRoute, ...] = ()

    @field_validator("routes")
    @classmethod
    def _distinct(cls, routes: tuple[AnyRoute, ...]) -> tuple[AnyRoute, ...]:
        names = [route.name for route in routes]
        if len(set(names)) != len(names):
            raise ValueError("two routes have one name")
        return routes

    def local(self, moment: datetime) -> datetime:
        """A moment in the city's time."""
        return moment.astimezone(ZoneInfo(self.timezone))


def load_configuration(root: Path) -> Configuration:
    """The configuration; without a file there are no routes. Raises ContractError with the line of what is wrong."""
    file = root / ALERTS_FILE
    return load_block(file, Configuration) if file.is_file() else Configuration()
