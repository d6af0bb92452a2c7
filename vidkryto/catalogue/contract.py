"""The contract of a dataset: `dataset.yaml`, a Data Package v2 descriptor with a block `publication`.

The models here are the one description of what a contract may hold; the JSON Schema that editors
use (`docs/reference/contract.schema.json`) is generated from them. Data Package v2:
https://datapackage.org/standard/data-package/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import Field, StringConstraints, field_validator, model_validator

from vidkryto.catalogue.classes import ColumnClass, DisclosureRules
from vidkryto.catalogue.model import Block
from vidkryto.catalogue.reading import Reading
from vidkryto.catalogue.source import Source

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", min_length=2, max_length=90)]
Percentage = Annotated[str, StringConstraints(pattern=r"^\d{1,3}(\.\d+)?%$")]
Duration = Annotated[str, StringConstraints(pattern=r"^\d{1,4}[hd]$")]
RANGE_OF_ONE = re.compile(r"\b(\d+)-\1\b")
TimeLimit = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,3}[smh]$")]


class Frequency(StrEnum):
    """How often the city promises to publish, by the words of the EU frequency authority table."""

    CONTINUOUS = "continuous"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMIANNUAL = "semiannual"
    ANNUAL = "annual"
    ON_CHANGE = "on-change"
    IRREGULAR = "irregular"
    NEVER = "never"


Theme = Literal[
    "AGRI", "ECON", "EDUC", "ENER", "ENVI", "GOVE", "HEAL", "INTR", "JUST", "REGI", "SOCI", "TECH", "TRAN"
]  # fmt: skip


class License(Block):
    """A licence as in Data Package: a name of the Open Definition, and where its text is."""

    name: str
    path: str = ""
    title: str = ""


class Translation(Block):
    """The same texts in another language."""

    title: str = ""
    description: str = ""


class Schedule(Block):
    """When the flow runs. The promise to the public is `frequency`; this is how it is kept."""

    cron: str
    """Five fields of cron, read in `timezone`, as Prefect and this calendar both read them."""
    timezone: str = "Europe/Kyiv"
    holidays: Literal["run", "next-working-day"] = "run"
    """next-working-day moves a run, and the day on which an export counts as late, over weekends and holidays."""

    @field_validator("cron")
    @classmethod
    def _cron(cls, value: str) -> str:
        if len(value.split()) != 5:
            raise ValueError(f"not a cron expression of five fields: {value!r}")
        try:
            CronSim(value, datetime(2026, 1, 1))
        except CronSimError as error:
            raise ValueError(f"not a cron expression: {error}") from None
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no such time zone {value!r}; for Ukraine write Europe/Kyiv") from None
        return value

    @model_validator(mode="after")
    def _as_prefect_reads_it(self) -> Schedule:
        """Refuse what Prefect refuses or reads as other days; a schedule that moves is asked for each day instead."""
        _minute, _hour, day, _month, weekday = self.cron.upper().split()
        if self.holidays != "run":
            return self
        if "W" in day or "L" in weekday:
            raise ValueError(f"Prefect does not read {self.cron!r}: no LW, no weekday with L")
        both = day != "*" and weekday != "*"
        if both and (day.startswith("*") or weekday.startswith("*") or "#" in weekday):
            raise ValueError(f"Prefect reads other days in {self.cron!r}: leave the day of the month or the weekday *")
        if ("/" in weekday and not weekday.startswith("*/")) or RANGE_OF_ONE.search(self.cron):
            raise ValueError(f"Prefect reads other days in {self.cron!r}: name the days one by one, as in 1,3,5")
        return self


class RowBand(Block):
    """How much the number of rows may change against the last release before a person has to look."""

    change: Percentage = "20%"

    def share(self) -> float:
        """The band as a share: 0.2 for 20%."""
        return float(self.change.removesuffix("%")) / 100


class Adapt(Block):
    """Bands learnt from the dataset's own history: the median of the season, `width` spreads down and up."""

    runs: int = Field(6, ge=3)
    """How many releases are needed before a band is learnt; of the same season first, else of all."""
    width: float = Field(4, gt=0)
    """How many spreads (median absolute deviations, scaled to standard deviations) are normal."""


class Retention(Block):
    """What `vidkryto gc` keeps of old releases and exports; the live release and the one before it always stay."""

    releases: int = Field(default=12, ge=2)
    """So many of the newest releases stay, however old."""
    keep: Annotated[str, StringConstraints(pattern=r"^\d{1,5}d$")] = "1100d"
    """Releases and exports younger than this stay: 1100d is three years, within which a run can be made again."""

    def age(self) -> timedelta:
        """`keep` as a length of time."""
        return timedelta(days=int(self.keep.removesuffix("d")))


class Bands(Block):
    """What is normal for this dataset."""

    rows: RowBand = RowBand()
    adapt: Adapt | None = None
    """With it, the bands of rows, means and fill adapt to the history; without it they are fixed."""
    freshness: Duration | None = None
    """The age at which the newest date of a table counts as late: 40d, 36h. Judged by an expectation that takes
    `{parameter: fresh_after}`; whether the department is late with its export is judged by `frequency`."""


class Approval(Block):
    """What waits for a person."""

    breaking: Literal["required", "none"] = "required"
    first: Literal["required", "none"] = "required"


class Access(Block):
    """Whether the dataset is open, and if not, on what legal basis and until when."""

    status: Literal["open", "restricted", "withheld"] = "open"
    legal_basis: str = ""
    review: date | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> Access:
        if self.status != "open" and not (self.legal_basis and self.review):
            raise ValueError(f"access {self.status} needs legal_basis and a review date")
        return self


class Contact(Block):
    """Who answers questions about the dataset: an office, not a private person."""

    name: str
    email: str
    phone: str = ""


class Publication(Block):
    """What Data Package does not say: the promise, the checks, the classes of columns, how it is published."""

    translations: Mapping[str, Translation] = {}
    status: Literal["active", "planned"] = "active"
    """A planned dataset has no source yet: it is in the calendar as due and is not run."""
    sample: bool = False
    """True when the exports in the repository are invented samples; the portal and the report say so."""
    mandate: str = ""
    """Place in the list of Resolution 835: "835/27"."""
    purpose: str = Field("", max_length=512)
    """Basis and purpose of collection, for the passport of data.gov.ua."""
    section: Literal["open-government-plan", "co-creation"] | None = None
    """The section of the report that tells the dataset's rows: commitments with milestones, or proposals to drafts."""
    frequency: Frequency
    schedule: Schedule | None = None
    theme: Theme
    access: Access = Access()
    key: tuple[str, ...] = ()
    """The key of a dataset of one table; by default the primary key of its schema."""
    columns: Mapping[str, ColumnClass] = {}
    """The class of every column; `table.column` where two tables share a name. Unclassed columns block."""
    disclosure: DisclosureRules = DisclosureRules()
    """Thresholds of the statistical checks."""
    bands: Bands = Bands()
    retention: Retention = Retention()
    on_invalid: Literal["block", "publish-valid"] = "block"
    """publish-valid publishes the good rows and returns the rejected ones to the department."""
    excel_safe: bool = False
    """Publish a second CSV of each table for spreadsheets: an apostrophe before cells that would run as formulas."""
    approval: Approval = Approval()
    time_limit: TimeLimit = "2h"
    """How long a run may take (90s, 30m, 2h); beyond it the run fails, so that a hanging source holds up no other."""
    notice: Duration = "0d"
    """How long before it happens a change that breaks users' programs is announced with the dataset: 14d."""
    embargo: datetime | None = None
    """The moment, with its zone, before which a prepared release is not applied."""
    contact: Contact | None = None
    high_value: str = ""
    """Category of Regulation (EU) 2023/138, when the dataset is a high-value one."""
    spatial: str = ""
    """KATOTTG code of the territory covered; by default the city's."""

    @field_validator("access", mode="before")
    @classmethod
    def _short_access(cls, value: Any) -> Any:
        return {"status": value} if isinstance(value, str) else value

    @property
    def seconds(self) -> int:
        """The time limit in seconds."""
        return int(self.time_limit[:-1]) * {"s": 1, "m": 60, "h": 3600}[self.time_limit[-1]]

    @property
    def notice_days(self) -> int:
        """The notice in days; hours are rounded up."""
        count = int(self.notice[:-1])
        return count if self.notice.endswith("d") else -(-count // 24)

    @field_validator("embargo")
    @classmethod
    def _with_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("embargo needs a time zone, such as 2026-12-01T09:00+02:00")
        return value


class Resource(Block):
    """One table of the dataset: where it comes from, how it is read, what it must look like."""

    name: Name
    path: str
    """The published file, such as stops.csv; with it frictionless reads the contract as it is."""
    title: str = ""
    description: str = ""
    translations: Mapping[str, Translation] = {}
    schema_: str | Mapping[str, Any] = Field(alias="schema")
    """A Table Schema, or a path to one relative to the contract."""
    source: Source | None = None
    reading: Reading = Reading()

    @field_validator("path")
    @classmethod
    def _plain_csv(cls, value: str) -> str:
        if "/" in value or "\\" in value or not value.endswith(".csv"):
            raise ValueError(f"path is the published file's name, such as stops.csv, not {value!r}")
        return value


DRAFT_TITLE = "НАЗВА НАБОРУ"
DRAFT_DESCRIPTION = "ОПИС НАБОРУ"
DRAFT_KEYWORD = "КЛЮЧОВЕ СЛОВО"
"""What a first draft says where only a person knows; a contract that still says it is not one."""


class Contract(Block):
    """`dataset.yaml`."""

    schema_: str = Field("https://datapackage.org/profiles/2.0/datapackage.json", alias="$schema")
    name: Name
    title: str = Field(max_length=254)
    description: str
    licenses: tuple[License, ...] = Field(min_length=1)
    keywords: tuple[Annotated[str, StringConstraints(pattern=r"^[^,]{2,100}$")], ...] = Field(min_length=1)
    version: str = ""
    homepage: str = ""
    sources: tuple[Mapping[str, Any], ...] = ()
    contributors: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[Resource, ...] = ()
    publication: Publication

    @field_validator("title", "description", "keywords")
    @classmethod
    def _filled_in(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        drafts = {DRAFT_TITLE, DRAFT_DESCRIPTION, DRAFT_KEYWORD}
        left = drafts.intersection((value,) if isinstance(value, str) else value)
        if left:
            raise ValueError(f"still the word of the draft: {left.pop()}; write your own")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Contract:
        names = [resource.name for resource in self.resources]
        if len(set(names)) != len(names):
            raise ValueError(f"two resources have one name: {sorted({n for n in names if names.count(n) > 1})}")
        if self.publication.status == "active":
            if not names:
                raise ValueError("an active dataset needs at least one resource; or set publication.status: planned")
            lacking = [resource.name for resource in self.resources if resource.source is None]
            if lacking:
                raise ValueError(f"resource {lacking[0]} has no source; or set publication.status: planned")
        return self

    def title_in(self, language: str) -> str:
        """The title in `language`; the Ukrainian one where there is no translation."""
        translation = self.publication.translations.get(language)
        return translation.title if translation and translation.title else self.title

    def description_in(self, language: str) -> str:
        """The description in `language`; the Ukrainian one where there is no translation."""
        translation = self.publication.translations.get(language)
        return translation.description if translation and translation.description else self.description


class Office(Block):
    """What the reference book and the structure (Resolution 835, annexes 2 and 3) say about a department."""

    description: str
    head_post: str
    head_name: str = "не вказано"
    street: str
    building: str
    postcode: Annotated[str, StringConstraints(pattern=r"^\d{5}$")]
    telephone: Annotated[str, StringConstraints(pattern=r"^\+380\d{9}$")]
    hours: str = ""
    posts: Mapping[str, float] = {}
    """Positions of the staff list and how many there are of each; never names."""


class Department(Block):
    """`department.yaml`: who owns the datasets of a folder."""

    name: Name
    title: str
    translations: Mapping[str, Translation] = {}
    edrpou: Annotated[str, StringConstraints(pattern=r"^\d{8}$")]
    contact: Contact
    language: Literal["uk", "en"] = "uk"
    office: Office | None = None

    def title_in(self, language: str) -> str:
        """The title in `language`; the Ukrainian one where there is no translation."""
        translation = self.translations.get(language)
        return translation.title if translation and translation.title else self.title


class City(Block):
    """`datasets/city.yaml`: whose catalogue this is."""

    name: Name
    """The slug that begins every alias: khmelnytskyi."""
    title: str
    """The publisher, as in its statute."""
    translations: Mapping[str, Translation] = {}
    organization: Name
    """The organisation on the portal."""
    edrpou: Annotated[str, StringConstraints(pattern=r"^\d{8}$")]
    katottg: Annotated[str, StringConstraints(pattern=r"^UA\d{17}$")]
    homepage: str = ""
    contact: Contact

    def title_in(self, language: str) -> str:
        """The title in `language`; the Ukrainian one where there is no translation."""
        translation = self.translations.get(language)
        return translation.title if translation and translation.title else self.title
