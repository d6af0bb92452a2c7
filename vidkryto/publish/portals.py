"""Several portals in one configuration: `portals.toml` beside the contracts, chosen with --portal."""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from vidkryto.errors import SettingsError
from vidkryto.publish.portal import CkanPortal, Patience
from vidkryto.settings import Secret, Settings

FILE = "portals.toml"
KEYS = frozenset({"url", "organization", "token_file", "token_variable", "concurrent", "timeout"})


@dataclass(frozen=True, slots=True)
class PortalChoice:
    """A portal by name, with what is needed to ask it. `name` is empty for the one of the environment."""

    name: str
    url: str
    organization: str
    token: Secret
    patience: Patience = field(default_factory=Patience)

    def open(self, organization: str = "") -> CkanPortal:
        """A connection; `organization` is taken where the configuration names none."""
        return CkanPortal(self.url, self.token, self.organization or organization, self.patience)

    def folder(self, home: Path, room: str) -> Path:
        """Where state about this portal lies: `home/receipts` or `home/receipts@production`."""
        return home / (f"{room}@{self.name}" if self.name else room)


def choose(settings: Settings, name: str = "") -> PortalChoice:
    """The portal called `name` in `portals.toml`; without a name the one that the environment sets.

    ```toml
    [production]
    url = "https://data.example.ua"
    organization = "khmelnytskyi"
    token_file = "~/.config/vidkryto/production.token"   # mode 0600; or token_variable = "NAME"
    ```
    Raises SettingsError for an unknown name or key, or a token file that others can read.
    """
    if not name:
        return PortalChoice("", settings.ckan_url, settings.organization, settings.ckan_token)
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
    patience = Patience(
        read=float(str(entry.get("timeout", Patience().read))), concurrent=int(str(entry.get("concurrent", 2)))
    )
    url, organization = str(entry.get("url", "")).rstrip("/"), str(entry.get("organization", settings.organization))
    return PortalChoice(name, url, organization, _token(entry), patience)


def _entries(path: Path) -> dict[str, dict[str, object]]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not TOML: {error}", remedy=f"Correct {FILE}.") from None


def _token(entry: dict[str, object]) -> Secret:
    if variable := str(entry.get("token_variable", "")):
        return Secret(os.environ.get(variable, "").strip())
    if file := str(entry.get("token_file", "")):
        alone = {"VIDKRYTO_CKAN_URL": "-", "VIDKRYTO_CKAN_TOKEN_FILE": str(Path(file).expanduser())}
        return Settings.from_environment(alone).ckan_token
    return Secret("")
