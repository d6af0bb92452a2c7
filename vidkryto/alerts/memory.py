"""What was told to whom: `alerts/told.json` in the state folder, so that no cause is told twice on a route."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock

from vidkryto.alerts.cause import Cause, Kind
from vidkryto.archive import written_atomically
from vidkryto.errors import StateError, raise_state_error

AGAIN = timedelta(hours=12)
RECURS: Mapping[Kind, timedelta] = dict.fromkeys(
    ("failed", "contract", "missed", "withheld", "approval", "drift"), AGAIN
)
"""A cause of these kinds that was gone for so long and comes back is another one; a shorter gap is a flutter."""
HIDDEN: frozenset[Kind] = frozenset({"withheld", "approval"})
"""What the last run of a dataset tells: while it fails, or its contract does not load, it is out of sight, not gone."""
REMEMBERED = timedelta(days=400)
"""How long other causes are remembered after they ended: their key holds what makes them new."""


@dataclass
class Memory:
    """Causes by id, with when each was last seen and when it was told on which route; digests by their day."""

    file: Path
    causes: dict[str, dict[str, Any]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def see(self, causes: tuple[Cause, ...], now: datetime) -> None:
        """Note which causes are open now, and forget those that ended long ago."""
        open_now = {cause.id for cause in causes}
        failing = {name for cause in causes if cause.kind in ("failed", "contract") for name in cause.datasets}
        for cause in causes:
            known = self.causes.get(cause.id)
            recurs = RECURS.get(cause.kind)
            if known and known.get("gone") and recurs and now - datetime.fromisoformat(known["gone"]) > recurs:
                known = None
            known = known or {"kind": cause.kind, "since": now.isoformat(), "told": {}}
            self.causes[cause.id] = {**known, "gone": "", "datasets": list(cause.datasets)}
        for id_, known in list(self.causes.items()):
            if id_ in open_now or (known["kind"] in HIDDEN and failing.intersection(known.get("datasets", ()))):
                continue
            known["gone"] = known.get("gone") or now.isoformat()
            if now - datetime.fromisoformat(known["gone"]) > REMEMBERED:
                del self.causes[id_]

    def told(self, cause: Cause, route: str) -> bool:
        """Whether the cause was told on this route."""
        return route in self.causes[cause.id]["told"]

    def since(self, causes: tuple[Cause, ...]) -> str:
        """When these causes were first seen: it tells a cause that came back from the one before."""
        return " ".join(sorted(self.causes[cause.id]["since"] for cause in causes))

    def tell(self, cause: Cause, route: str, now: datetime) -> None:
        """Note that it was told."""
        self.causes[cause.id]["told"][route] = now.isoformat()

    def save(self) -> None:
        """Write the memory in one step. Raises StateError when that cannot be done."""
        try:
            with written_atomically(self.file) as part:
                text = json.dumps({"causes": self.causes, "digests": self.digests}, ensure_ascii=False, indent=1)
                part.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise_state_error(error, "alerts")


@contextmanager
def memory(home: Path) -> Iterator[Memory]:
    """The memory, held by this process alone: two workers that send at once tell no cause twice."""
    file = home / "alerts" / "told.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.parent / "lock", timeout=300):
        try:
            values = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
            held = Memory(file, values.get("causes", {}), values.get("digests", {}))
        except (ValueError, AttributeError) as error:
            raise StateError(
                f"{file.name} of the alerts cannot be read ({type(error).__name__})",
                remedy="Restore alerts/told.json from a backup, or remove it: open causes are then told once more.",
            ) from None
        yield held
