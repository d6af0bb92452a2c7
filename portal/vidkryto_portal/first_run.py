"""Fill a new portal: tables, rights, users, the organisation and the tokens.

Runs as a program of its own in CKAN's environment (`python -m vidkryto_portal.first_run HOME`), because importing
CKAN takes seconds and one import serves every step. Secrets go straight into files of mode 0600, never through
arguments or output. What the superuser of the database must run is handed back in a file for the caller to run.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from typing import Any

import pylibmagic  # noqa: F401  # before CKAN: it shows python-magic the libmagic of its wheel

# isort: split
import ckan.plugins.toolkit as toolkit
from ckan import model
from ckan.cli import CKANConfigLoader
from ckan.cli.db import _get_pending_plugins, _run_migrations
from ckan.config.middleware import make_app
from ckanext.datastore.cli import permissions_sql

from vidkryto_portal.configuration import ORGANIZATION, ORGANIZATION_TITLE, RESULT
from vidkryto_portal.places import Home
from vidkryto_portal.processes import write_private


def migrate() -> None:
    """Bring the tables of CKAN and its plugins to this version: `ckan db upgrade`."""
    _run_migrations("")
    for plugin in sorted(_get_pending_plugins()):
        _run_migrations(plugin)


def add_user(home: Home, name: str, *, sysadmin: bool) -> None:
    """A user with a password and a token of its own, both in private files."""
    password = secrets.token_urlsafe(12)
    user = call("user_create", name=name, email=f"{name}@localhost.localdomain", password=password)
    if sysadmin:
        row = model.User.get(user["id"])
        row.sysadmin = True
        model.repo.commit()
    write_private(home.secret(f"{name}.password"), password + "\n")
    token = call("api_token_create", user=name, name="vidkryto")["token"]
    write_private(home.secret(f"{name}.token"), token + "\n")


def call(action: str, **values: Any) -> dict[str, Any]:
    """One CKAN action with every right."""
    site_user = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})
    context: Any = {"ignore_auth": True, "user": site_user["name"]}
    outcome: dict[str, Any] = toolkit.get_action(action)(context, values)
    return outcome


def main() -> None:
    """Fill the portal whose home is the first argument; hand back the datastore's rights as SQL."""
    home = Home.at(sys.argv[1])
    app = make_app(CKANConfigLoader(os.environ["CKAN_INI"]).get_config())
    migrate()
    with app._wsgi_app.test_request_context():
        add_user(home, "sysadmin", sysadmin=True)
        add_user(home, "editor", sysadmin=False)
        call(
            "organization_create", name=ORGANIZATION, title=ORGANIZATION_TITLE, description="Для спроб і перевірок.",
            users=[{"name": "editor", "capacity": "editor"}],
        )  # fmt: skip
    rights = permissions_sql("ckan", "datastore", "ckan", "ckan", "datastore_ro")
    write_private(home.run / RESULT, json.dumps({"rights": rights, "ckan": toolkit.ckan.__version__}))
    os._exit(0)  # all is written; taking CKAN apart object by object takes seconds


if __name__ == "__main__":
    main()
