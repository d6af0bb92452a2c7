"""Fixtures of all tests: one real portal for the whole session."""

from tests.support.local_portal import local_portal, portal_session

__all__ = ["local_portal", "portal_session"]
