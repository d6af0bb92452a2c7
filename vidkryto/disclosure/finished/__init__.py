"""The last look: every finished file is opened again as a stranger would, and nothing leaves past a contradiction."""

from vidkryto.disclosure.finished.scan import scan_release

__all__ = ["scan_release"]
