"""CKAN as a WSGI application; gunicorn imports it once, with CKAN_INI naming the configuration, and then forks.

What must not be shared between workers is given up at the end: the database connections made while CKAN was loaded.

CKAN gives its database session back after a request only when no part of the answer failed, its error page included,
and a streamed download opens one anew behind that. Should the database then be restarted, or a snapshot be put back,
such a worker answers every request with 500 for good. Here the session ends with the answer, whatever came of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from logging.config import fileConfig
from typing import TYPE_CHECKING

import pylibmagic  # noqa: F401  # before CKAN: it shows python-magic the libmagic of its wheel

# isort: split
from ckan import model
from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app
from ckan.lib import redis
from ckanext.datastore.backend import postgres
from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_ini = os.environ["CKAN_INI"]
fileConfig(_ini, disable_existing_loggers=False, encoding="utf-8")
_ckan = make_app(CKANConfigLoader(_ini).get_config())


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """CKAN, with its database session given back once the answer is out or has failed."""
    try:
        answer = _ckan(environ, start_response)
    except BaseException:
        model.Session.remove()
        raise
    return ClosingIterator(answer, model.Session.remove)


model.Session.remove()
model.meta.engine.dispose()
for _engine in postgres._engines.values():
    _engine.dispose()
redis._connection_pool = None  # CKAN makes it anew when it is needed
