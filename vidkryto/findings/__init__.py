"""Findings: what a stage noticed in the data, by code, with place and remedy in Ukrainian and English."""

from vidkryto.findings.catalogue import Code, code, codes
from vidkryto.findings.finding import Finding, Place, Severity, worst
from vidkryto.language import Language

__all__ = ["Code", "Finding", "Language", "Place", "Severity", "code", "codes", "worst"]
