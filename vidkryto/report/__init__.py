"""Report: the static site that officers, auditors and the public read."""

from vidkryto.report.site import build_site
from vidkryto.report.standing import DatasetDescription

__all__ = ["DatasetDescription", "build_site"]
