"""What makes the columnar validator stand back and let frictionless itself answer."""

from __future__ import annotations


class Declined(Exception):
    """The columnar path has no proven answer for this source; the message says why, for `Validation.reason`."""


class NeedsStream(Exception):
    """This source must be tokenised by frictionless' own cell stream; its columns can still be checked."""
