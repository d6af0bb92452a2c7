"""Settings: one frozen value, read once from the environment, never at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vidkryto.archive import Archive
from vidkryto.errors import SettingsError
from vidkryto.language import Language, current


class Secret:
    """A value that shows itself only when asked by name: never in a repr, a log or a traceback."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; call this only where it is sent."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret()"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    | variable | meaning | default |
    |---|---|---|
    | VIDKRYTO_ROOT | the folder with datasets/ and schemas/ | the nearest one upwards |
    | VIDKRYTO_HOME | the state folder | ROOT/.vidkryto |
    | VIDKRYTO_STORE | an fsspec address that several workers share: s3://bucket/vidkryto | none |
    | VIDKRYTO_CKAN_URL | the portal | the local portal, if it is up |
    | VIDKRYTO_CKAN_TOKEN | an editor's token | the local portal's |
    | VIDKRYTO_CKAN_TOKEN_FILE | a file of mode 0600 that holds it | |
    | VIDKRYTO_ORGANIZATION | the organisation of the portal | the department's contract |
    | VIDKRYTO_REPORT_URL | where the report is read, for links to it | the demo's, if it is up |
    | VIDKRYTO_AUDIT_KEY | the ledger's signing key, outside the repository | the user's configuration |
    | VIDKRYTO_SALT, VIDKRYTO_SALT_FILE | the secret salt of hashed columns | |
    | VIDKRYTO_DENY_LISTS | a folder with deny lists, outside the repository | |
    | VIDKRYTO_LOG | json or text: structured logs on stderr | none |
    | VIDKRYTO_LANGUAGE | uk or en | from LANG, else en |
    | VIDKRYTO_QUALITY_ROWS | rows above which a table's suite is judged in DuckDB | 2000000 |
    """

    root: Path
    home: Path
    ckan_url: str = ""
    ckan_token: Secret = field(default_factory=lambda: Secret(""))
    organization: str = ""
    report_url: str = ""
    store: str = ""
    language: Language = "en"
    quality_rows: int = 2_000_000
    concurrent: int = 2
    """Requests at once to the portal from all processes of this state folder."""
    timeout: float = 330.0
    """Seconds to wait for the portal's answer: longer than the DataStore's own limit of 60 s for a statement."""

    @property
    def archive(self) -> Archive:
        """The content-addressed store of exports and release files."""
        return Archive(self.home / "objects")

    @property
    def datasets(self) -> Path:
        """The folder of contracts."""
        return self.root / "datasets"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the variables of the table above. Raises SettingsError for a value that cannot be used."""
        env = os.environ if environment is None else environment
        root = Path(env.get("VIDKRYTO_ROOT") or _nearest_root(Path.cwd())).expanduser().absolute()
        home = Path(env.get("VIDKRYTO_HOME") or root / ".vidkryto").expanduser().absolute()
        url, token = env.get("VIDKRYTO_CKAN_URL", ""), _token(env)
        if not url:
            url, token = _local_portal(home, token)
        return cls(
            root=root,
            home=home,
            ckan_url=url.rstrip("/"),
            ckan_token=token,
            organization=env.get("VIDKRYTO_ORGANIZATION", ""),
            report_url=(env.get("VIDKRYTO_REPORT_URL") or _local_report(home)).rstrip("/"),
            store=env.get("VIDKRYTO_STORE", ""),
            language=_language(env),
            quality_rows=_rows(env),
        )


def _nearest_root(folder: Path) -> Path:
    """The nearest folder upwards that holds datasets/city.yaml, or `folder` itself."""
    candidates = (folder, *folder.parents)
    return next((path for path in candidates if (path / "datasets" / "city.yaml").is_file()), folder)


def _token(env: Mapping[str, str]) -> Secret:
    if value := env.get("VIDKRYTO_CKAN_TOKEN", "").strip():
        return Secret(value)
    name = env.get("VIDKRYTO_CKAN_TOKEN_FILE", "")
    return _token_file(Path(name)) if name else Secret("")


def secret_from(variable: str | None, file: str, environment: Mapping[str, str] | None = None) -> Secret:
    """A secret from the variable or the file of mode 0600 that a configuration names.

    Raises SettingsError when it is set in neither, or when others can read the file.
    """
    env = os.environ if environment is None else environment
    if variable and (value := env.get(variable, "").strip()):
        return Secret(value)
    if file:
        return _token_file(Path(file).expanduser())
    raise SettingsError(
        f"the secret {variable or 'of this route'} is not set",
        remedy="Set the variable in the environment, or name a file of mode 0600 that holds it.",
    )


def _token_file(path: Path) -> Secret:
    """A token file; it must be readable by its owner alone."""
    try:
        mode = path.stat().st_mode & 0o077
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(
            f"the token file cannot be read: {error.strerror}",
            remedy="Check VIDKRYTO_CKAN_TOKEN_FILE: the file must exist and be readable.",
        ) from error
    if mode:
        raise SettingsError(
            f"the token file {path.name} can be read by others (mode {path.stat().st_mode & 0o777:o})",
            remedy=f"chmod 600 {path}",
        )
    return Secret(value)


def _local_portal(home: Path, token: Secret) -> tuple[str, Secret]:
    """Address and editor's token of the local portal, where `vidkryto portal up` left them."""
    address, editor = home / "portal" / "url", home / "portal" / "editor.token"
    if not address.is_file():
        return "", token
    return address.read_text(encoding="utf-8").strip(), token or (_token_file(editor) if editor.is_file() else token)


def _local_report(home: Path) -> str:
    """Address of the report that `vidkryto demo` serves; empty where there is none."""
    address = home / "report" / "url"
    return address.read_text(encoding="utf-8").strip() if address.is_file() else ""


def _language(env: Mapping[str, str]) -> Language:
    wanted = env.get("VIDKRYTO_LANGUAGE", "")
    if wanted not in ("", "uk", "en"):
        raise SettingsError(f"VIDKRYTO_LANGUAGE is {wanted!r}; wanted uk or en", remedy="Set it to uk or en.")
    return current(env)


def _rows(env: Mapping[str, str]) -> int:
    text = env.get("VIDKRYTO_QUALITY_ROWS") or "2000000"
    if not text.isdecimal():
        raise SettingsError(f"VIDKRYTO_QUALITY_ROWS is {text!r}; wanted a number of rows", remedy="Set it to a number.")
    return int(text)
