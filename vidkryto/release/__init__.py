"""Releases: immutable versions of a dataset, built from checked tables."""

from vidkryto.release.build import ReadyTable, build_release
from vidkryto.release.store import Releases, load_release
from vidkryto.release.value import Release, ReleaseFile, ReleaseTable

__all__ = ["ReadyTable", "Release", "ReleaseFile", "ReleaseTable", "Releases", "build_release", "load_release"]
