"""The portal's own package, which lives in a distribution of its own, and a real portal for the session."""

import sys

from tests.support.local_portal import FOLDER, local_portal, portal_session

sys.path.insert(0, str(FOLDER))

__all__ = ["local_portal", "portal_session"]
