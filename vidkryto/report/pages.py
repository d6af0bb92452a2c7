"""From facts to HTML: one template for each kind of page, everything escaped, every link relative."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from vidkryto.findings import Language
from vidkryto.findings.finding import visible
from vidkryto.report import charts
from vidkryto.report.words import Words


def render(page: str, facts: Mapping[str, Any], language: Language) -> str:
    """The HTML of `page` (its path in the site, without ending) in one language, from its facts alone."""
    words = Words(language)
    depth = page.count("/")
    up = "../" * depth
    other: Language = "en" if language == "uk" else "uk"
    return (
        _environment()
        .get_template(f"{facts['page']}.html")
        .render(
            facts=facts,
            words=words,
            lang=language,
            other=other,
            say=lambda text: text[language],
            url=lambda target: f"{up}{target}.html",
            shared=lambda target: f"{up}{target}" if language == "uk" else f"../{up}{target}",
            other_url=f"{up}en/{page}.html" if language == "uk" else f"../{up}{page}.html",
            twin_url=f"{page.rsplit('/', 1)[-1]}.json" if language == "uk" else f"../{up}{page}.json",
            own=lambda text: own_words(text, language),
            strip=lambda outcomes: charts.run_strip(outcomes, words),
            line=lambda name, points: charts.metric_line(name, points, words),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("vidkryto.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        icon=charts.icon,
        status_of_outcome=charts.STATUS_OF_OUTCOME,
        status_of_severity=charts.STATUS_OF_SEVERITY,
    )
    environment.tests["link"] = is_link
    return environment


def own_words(text: str, language: Language) -> Markup:
    """Words that a person or a file brought along; in an English page Ukrainian ones say so (WCAG 3.1.2)."""
    if language == "en" and re.search("[а-яіїєґ]", text, re.IGNORECASE):
        return Markup('<span lang="uk">{}</span>').format(text)
    return escape(text)


def is_link(address: str) -> bool:
    """Whether an address may become a link: the web only, so that no record can plant a script."""
    return urlsplit(address).scheme in ("https", "http")
