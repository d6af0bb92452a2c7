"""Fixtures of all tests: one real portal and one real browser for the whole session."""

import os

os.environ["OPENPYXL_LXML"] = "False"  # where lxml is installed openpyxl writes other bytes

from tests.support.browser import chromium, modules
from tests.support.local_portal import local_portal, portal_session

__all__ = ["chromium", "local_portal", "modules", "portal_session"]
