"""CKAN as a WSGI application; gunicorn imports it with CKAN_INI naming the configuration."""

import os
from logging.config import fileConfig

import pylibmagic  # noqa: F401  # before CKAN: it shows python-magic the libmagic of its wheel

# isort: split
from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app

_ini = os.environ["CKAN_INI"]
fileConfig(_ini, disable_existing_loggers=False, encoding="utf-8")
application = make_app(CKANConfigLoader(_ini).get_config())
