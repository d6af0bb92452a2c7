"""The passport of data.gov.ua: what the national portal asks about a dataset, in its words, codes and limits.

The form, the codes of frequency and the extras are those of the portal's own form and of tools that publish to it
through its API; the limits of title, notes and purpose are those they enforce.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vidkryto.catalogue.contract import Frequency
from vidkryto.catalogue.load import Dataset

FREQUENCY = {
    Frequency.CONTINUOUS: ("more than once a day", "Більш як один раз на день"),
    Frequency.DAILY: ("once a day", "Щодня"),
    Frequency.WEEKLY: ("once a week", "Щотижня"),
    Frequency.MONTHLY: ("once a month", "Щомісяця"),
    Frequency.QUARTERLY: ("once a quarter", "Щокварталу"),
    Frequency.SEMIANNUAL: ("once a half year", "Кожного півріччя"),
    Frequency.ANNUAL: ("once a year", "Щороку"),
    Frequency.ON_CHANGE: ("immediately after making changes", "Відразу після внесення змін"),
    Frequency.IRREGULAR: ("unscheduled", "Позапланово"),
    Frequency.NEVER: ("no longer updated", "Більше не оновлюється"),
}
"""Code of the API and words of the form; the words of the last two are ours, the form was not seen with them."""

LANGUAGE = "ua"
"""The portal's own code; it does not know `uk`."""

LIMITS = {"title": 254, "notes": 400, "tag_string": 400, "purpose_of_collecting_information": 512}
"""Characters. A longer title or purpose is refused, longer notes and tags are cut by tools that publish there."""


@dataclass(frozen=True, slots=True)
class Passport:
    """A dataset as the national portal wants it described."""

    title: str
    notes: str
    purpose_of_collecting_information: str
    update_frequency: str
    update_frequency_words: str
    tag_string: str
    maintainer: str
    maintainer_email: str
    publisher_identifier: str
    license_id: str
    language: str
    resources: tuple[tuple[str, str, str], ...]
    """Name, description and format of each table."""

    def extras(self) -> list[dict[str, str]]:
        """The extras with which a portal without the national extension carries the passport.

        The keywords are its tags: CKAN refuses an extra of the name `tag_string`.
        """
        names = ("purpose_of_collecting_information", "update_frequency", "language")
        values = [{"key": name, "value": str(getattr(self, name))} for name in names]
        return [*values, {"key": "publisherIdentifier", "value": self.publisher_identifier}]

    def problems(self) -> Iterator[str]:
        """What the national portal would refuse or cut."""
        for name, limit in LIMITS.items():
            length = len(getattr(self, name))
            if length > limit:
                yield f"{name} has {length} characters; the limit is {limit}"
        for name in ("title", "notes", "tag_string", "purpose_of_collecting_information", "maintainer_email"):
            if not getattr(self, name):
                yield f"{name} is empty; the portal wants it"

    def as_form(self) -> dict[str, Any]:
        """The passport under the names of the portal's form."""
        return {
            "Назва набору даних": self.title,
            "Мова": "Українська",
            "Частота оновлення": self.update_frequency_words,
            "Опис": self.notes,
            "Підстава та призначення збору інформації": self.purpose_of_collecting_information,
            "Ключові слова": self.tag_string,
            "Відповідальна особа": self.maintainer,
            "Email відповідальної особи": self.maintainer_email,
            "Код ЄДРПОУ розпорядника": self.publisher_identifier,
            "Ресурси": [{"Назва": name, "Опис": text, "Формат": kind} for name, text, kind in self.resources],
        }


def passport_of(dataset: Dataset) -> Passport:
    """The passport of a dataset, from its contract, department and schemas."""
    contract, publication = dataset.contract, dataset.contract.publication
    contact = publication.contact or dataset.department.contact
    code, words = FREQUENCY[publication.frequency]
    return Passport(
        title=contract.title,
        notes=contract.description.strip(),
        purpose_of_collecting_information=publication.purpose,
        update_frequency=code,
        update_frequency_words=words,
        tag_string=", ".join(contract.keywords),
        maintainer=contact.name,
        maintainer_email=contact.email,
        publisher_identifier=dataset.city.edrpou,
        license_id="cc-by" if contract.licenses[0].name == "CC-BY-4.0" else contract.licenses[0].name.lower(),
        language=LANGUAGE,
        resources=tuple(
            (resource.name, resource.description or resource.title, "CSV") for resource in contract.resources
        ),
    )
