"""CKAN as a WSGI application; gunicorn imports it once, with CKAN_INI naming the configuration, and then forks.

What must not be shared between workers is given up at the end: the database connections made while CKAN was loaded.
"""

import os
from logging.config import fileConfig

import pylibmagic  # noqa: F401  # before CKAN: it shows python-magic the libmagic of its wheel

# isort: split
from ckan import model
from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app
from ckan.lib import redis
from ckanext.datastore.backend import postgres

_ini = os.environ["CKAN_INI"]
fileConfig(_ini, disable_existing_loggers=False, encoding="utf-8")
application = make_app(CKANConfigLoader(_ini).get_config())

model.Session.remove()
model.meta.engine.dispose()
for _engine in postgres._engines.values():
    _engine.dispose()
redis._connection_pool = None  # CKAN makes it anew when it is needed
