"""Structured logs: one JSON object a line on stderr, with run, dataset and stage; never a value of a cell."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from vidkryto.errors import SettingsError

LOGGER = logging.getLogger("vidkryto")
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039  # never changed in place


@contextmanager
def about(**words: str) -> Iterator[None]:
    """Add words such as run, dataset, stage to every line that is logged inside."""
    token = _about.set({**_about.get(), **words})
    try:
        yield
    finally:
        _about.reset(token)


def event(name: str, /, **words: str | int | float) -> None:
    """Log that something happened: "stage ended", with names and numbers of ours."""
    LOGGER.info(name, extra={"words": {**_about.get(), **words}})


class JsonLine(logging.Formatter):
    """A record as one line of JSON, time first."""

    def format(self, record: logging.LogRecord) -> str:
        """Message and words. The text of an exception is left out: a library may quote a cell in it."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "words", _about.get()),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


class TextLine(JsonLine):
    """The same for people: event and words."""

    def format(self, record: logging.LogRecord) -> str:
        """One line: 04:30:00 stage ended run=… dataset=…."""
        values = json.loads(super().format(record))
        words = " ".join(f"{name}={value}" for name, value in values.items() if name not in ("time", "level", "event"))
        return f"{values['time'][11:19]} {values['event']} {words}"


def configure(environment: Mapping[str, str] | None = None) -> None:
    """Begin to log as VIDKRYTO_LOG says: `json`, `text`, or nothing. A second call changes nothing."""
    wanted = (os.environ if environment is None else environment).get("VIDKRYTO_LOG", "")
    if wanted not in ("", "json", "text"):
        raise SettingsError(f"VIDKRYTO_LOG is {wanted!r}; wanted json or text", remedy="Set it to json or text.")
    if not wanted or LOGGER.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine() if wanted == "json" else TextLine())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
