"""Fixtures of all tests: one real portal for the whole session."""

import os

os.environ["OPENPYXL_LXML"] = "False"  # lxml comes with a tool of development; with it openpyxl writes other bytes

from tests.support.local_portal import local_portal, portal_session

__all__ = ["local_portal", "portal_session"]
