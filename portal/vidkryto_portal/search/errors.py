"""The one error of the search: a request that cannot be answered, told as Solr tells it (status 400)."""

from __future__ import annotations


class BadRequestError(Exception):
    """What is wrong with the request, for the person who wrote it."""
