"""Several portals in one configuration: `portals.toml` beside the contracts, chosen with --portal."""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import replace
from pathlib import Path

from vidkryto.errors import SettingsError
from vidkryto.settings import Secret, Settings, secret_from

FILE = "portals.toml"
KEYS = frozenset({"url", "organization", "token_file", "token_variable", "concurrent", "timeout"})
FOLDER = "portals"


def settings_of(settings: Settings, name: str) -> Settings:
    """The settings for the portal called `name` in `portals.toml`.

    Its state is its own (`HOME/portals/NAME`: releases, runs, receipts, approvals, ledger), so that a rehearsal on
    one portal changes nothing of another.

    ```toml
    [production]
    url = "https://data.example.ua"
    organization = "khmelnytskyi"
    token_file = "~/.config/vidkryto/production.token"   # mode 0600; or token_variable = "NAME"
    ```
    Raises SettingsError for an unknown name or key, a number that is none, or a token file that others can read.
    """
    entries = _entries(settings.root / FILE)
    if name not in entries:
        near = difflib.get_close_matches(name, entries)
        hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(entries)) or 'none'}"
        raise SettingsError(f"no portal {name!r} in {FILE}{hint}", remedy=f"Add a table [{name}] with url to {FILE}.")
    entry = entries[name]
    if unknown := sorted(set(entry) - KEYS):
        near = difflib.get_close_matches(unknown[0], KEYS)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingsError(
            f"unknown key {unknown[0]!r} of portal {name} in {FILE}{hint}",
            remedy=f"Keys are: {', '.join(sorted(KEYS))}.",
        )
    return replace(
        settings,
        home=settings.home / FOLDER / name,
        ckan_url=str(entry.get("url", "")).rstrip("/"),
        ckan_token=_token(entry),
        organization=str(entry.get("organization", settings.organization)),
        report_url="",
        store=f"{settings.store.rstrip('/')}/{FOLDER}/{name}" if settings.store else "",
        concurrent=int(_number(name, entry, "concurrent", settings.concurrent)),
        timeout=_number(name, entry, "timeout", settings.timeout),
    )


def _entries(path: Path) -> dict[str, dict[str, object]]:
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not TOML: {error}", remedy=f"Correct {FILE}.") from None
    if wrong := [name for name, entry in found.items() if not isinstance(entry, dict) or not name.isidentifier()]:
        raise SettingsError(
            f"{wrong[0]!r} in {FILE} is not a portal",
            remedy="A portal is a table [name] with url; its name has letters, digits and _.",
        )
    return found


def _number(name: str, entry: dict[str, object], key: str, usual: float) -> float:
    value = entry.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 1:
        raise SettingsError(f"{key} of portal {name} in {FILE} is {value!r}", remedy="Write a number from 1.")
    return value


def _token(entry: dict[str, object]) -> Secret:
    if variable := str(entry.get("token_variable", "")):
        return Secret(os.environ.get(variable, "").strip())
    file = str(entry.get("token_file", ""))
    return secret_from(None, file) if file else Secret("")
