"""CKAN's configuration: written anew at every start from a few remembered values, readable by its owner alone."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from vidkryto_portal.errors import LocalPortalError
from vidkryto_portal.places import Home
from vidkryto_portal.processes import write_private

DEFAULT_PORT = 5155
ORGANIZATION = "khmelnytskyi"
ORGANIZATION_TITLE = "Хмельницька міська рада (місцевий пробний портал)"
RESULT = "first-run.result.json"  # what the first run hands back, in the home's run folder
PLUGINS = "datastore text_view datatables_view activity dcat structured_data croissant"
TITLE = "Відкриті дані Хмельницького: місцевий пробний портал"
NOTE = (
    "**Це місцевий пробний портал на цьому комп’ютері, а не портал міста.** "
    "Дані тут для спроб і перевірок; вони зникають після `vidkryto portal reset`.\n\n"
    "*This is a local trial portal on this computer, not the city’s portal.*"
)


@dataclass(frozen=True, slots=True)
class State:
    """What a portal remembers between starts."""

    port: int
    search_port: int
    database: str
    secret_key: str
    search_password: str
    throwaway: bool = False
    ready: bool = False
    ckan: str = ""

    def __repr__(self) -> str:
        return f"State(port={self.port}, ready={self.ready}, …)"

    @classmethod
    def read(cls, home: Home) -> State | None:
        """The remembered state; None before the first start. Raises LocalPortalError when it cannot be understood."""
        try:
            found = json.loads(home.state.read_text(encoding="utf-8"))
            return cls(**{field.name: found[field.name] for field in fields(cls) if field.name in found})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise LocalPortalError(
                f"{home.state} cannot be read: {type(error).__name__}", remedy="Begin anew: vidkryto portal reset"
            ) from error

    @classmethod
    def new(cls, port: int, database: Path, *, throwaway: bool) -> State:
        """A first state, with secrets of this installation alone."""
        return cls(port, 0, str(database), secrets.token_hex(32), secrets.token_hex(24), throwaway)

    def write(self, home: Home) -> State:
        """Keep this state."""
        write_private(home.state, json.dumps(asdict(self), indent=1))
        return self

    def changed(self, **values: object) -> State:
        """This state with other values."""
        return replace(self, **values)  # type: ignore[arg-type]  # the names are the fields' own

    @property
    def url(self) -> str:
        """The portal's address."""
        return f"http://127.0.0.1:{self.port}"


def write_ini(home: Home, state: State, *, main: str, write: str, read: str, redis: str) -> None:
    """Write ckan.ini; `main`, `write` and `read` are addresses of databases."""
    settings = {
        "use": "egg:ckan",
        "SECRET_KEY": state.secret_key,
        "api_token.jwt.encode.secret": "string:" + state.secret_key,
        "api_token.jwt.decode.secret": "string:" + state.secret_key,
        "sqlalchemy.url": main,
        "ckan.datastore.write_url": write,
        "ckan.datastore.read_url": read,
        "ckan.redis.url": redis,
        "solr_url": f"http://127.0.0.1:{state.search_port}/solr/ckan",
        "solr_user": "ckan",
        "solr_password": state.search_password,
        "ckan.site_id": "vidkryto-local",
        "ckan.site_url": state.url,
        "ckan.site_title": TITLE,
        "ckan.site_description": "Місцевий пробний портал: усе, що тут є, лише для спроб",
        "ckan.site_intro_text": NOTE,
        "ckan.site_about": NOTE,
        "ckan.storage_path": str(home.storage),
        "ckan.plugins": PLUGINS,
        "ckan.views.default_views": "datatables_view text_view",
        "ckan.max_resource_size": "2000",
        "ckan.locale_default": "uk_UA",  # CKAN's own "uk" holds a twentieth of the texts that "uk_UA" holds
        "ckan.locales_offered": "uk_UA en",
        "ckan.locale_order": "uk_UA en",
        "ckan.display_timezone": "Europe/Kyiv",
        "ckan.auth.user_create_organizations": "false",
        "ckan.auth.user_create_groups": "false",
        "ckan.auth.user_delete_organizations": "false",
        "ckan.auth.user_delete_groups": "false",
        "ckan.gravatar_default": "disabled",  # the portal makes no request outside
        "ckan.webassets.path": str(home.storage / "webassets"),
        "ckanext.dcat.resource.inherit.license": "true",
        "ckanext.dcat.rdf.profiles": "euro_dcat_ap_3 vidkryto",  # ours comes second: vidkryto_portal/rdf.py
    }
    lines = ["[app:main]", *(f"{key} = {_escaped(value)}" for key, value in settings.items()), LOGGING]
    write_private(home.ini, "\n".join(lines))


def _escaped(value: str) -> str:
    """A value as configparser reads it: `%` doubled, further lines indented."""
    return value.replace("%", "%%").replace("\n\n", "\n").replace("\n", "\n    ")


LOGGING = """
[loggers]
keys = root, ckan, ckanext
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = WARNING
handlers = console
[logger_ckan]
level = WARNING
handlers = console
qualname = ckan
propagate = 0
[logger_ckanext]
level = WARNING
handlers = console
qualname = ckanext
propagate = 0
[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic
[formatter_generic]
format = %(asctime)s %(levelname)-5.5s [%(name)s] %(message)s
"""
