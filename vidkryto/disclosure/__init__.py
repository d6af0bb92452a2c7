"""Disclosure: nothing about a person leaves unless the contract says so and the attacker learns nothing from it."""

from vidkryto.disclosure.columns import Seen, column_words, detect_protected
from vidkryto.disclosure.counts import CountTable
from vidkryto.disclosure.deny import DenyList, closed_rows, deny_list_from_environment
from vidkryto.disclosure.exceptions import Exemption
from vidkryto.disclosure.finished import scan_release
from vidkryto.disclosure.formulas import excel_safe
from vidkryto.disclosure.gate import disclose, protected_fields
from vidkryto.disclosure.outcome import Disclosure, Previous, ResidualRisk
from vidkryto.disclosure.places import safe_name, without_people
from vidkryto.disclosure.salt import salt_from_environment

__all__ = [
    "CountTable",
    "DenyList",
    "Disclosure",
    "Exemption",
    "Previous",
    "ResidualRisk",
    "Seen",
    "closed_rows",
    "column_words",
    "deny_list_from_environment",
    "detect_protected",
    "disclose",
    "excel_safe",
    "protected_fields",
    "safe_name",
    "salt_from_environment",
    "scan_release",
    "without_people",
]
