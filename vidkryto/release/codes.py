"""Codes of the EU's lists for the words of our contracts; both the RDF of our own and the portal's fields take them."""

from __future__ import annotations

AUTHORITY = "http://publications.europa.eu/resource/authority"
FREQUENCIES = {
    "continuous": "CONT",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "semiannual": "ANNUAL_2",
    "annual": "ANNUAL",
    "on-change": "IRREG",
    "irregular": "IRREG",
    "never": "NEVER",
}
"""Words of the contract → EU authority table "frequency"."""

LICENCES = {"CC-BY-4.0": "CC_BY_4_0", "CC-BY-SA-4.0": "CC_BYSA_4_0", "CC0-1.0": "CC0", "ODbL-1.0": "ODC_BL"}
ACCESS = {"open": "PUBLIC", "restricted": "RESTRICTED", "withheld": "NON_PUBLIC"}
HIGH_VALUE_LAW = "http://data.europa.eu/eli/reg_impl/2023/138/oj"
LOCAL_AUTHORITY = "http://purl.org/adms/publishertype/LocalAuthority"
COUNTRY = f"{AUTHORITY}/country/UKR"
PLACES = {
    "UA68040470000053519": "https://sws.geonames.org/706369/",
    "UA68040470010096613": "https://sws.geonames.org/706369/",
}
"""KATOTTG codes to GeoNames: the hromada and the city of Khmelnytskyi. Any other place is told by its country."""

RIGHTS = {
    "uk": "Вільне використання з посиланням на джерело: стаття 10-1 Закону «Про доступ до публічної інформації».",
    "en": "Free use with a reference to the source: article 10-1 of the Law on Access to Public Information.",
}
"""The right to use: the article of the law that every dataset of the national portal quotes."""


def publisher_uri(edrpou: str) -> str:
    """The IRI of a publisher: the code of the state register names it, wherever its page moves."""
    return f"urn:edrpou:{edrpou}"
