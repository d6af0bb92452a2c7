"""The catalogue: contracts of datasets and departments, checked without touching any portal."""

from vidkryto.catalogue.bundle import rules_bundle, unpack_rules
from vidkryto.catalogue.contract import Bands, City, Contract, Department, Frequency, Publication, Resource
from vidkryto.catalogue.load import Dataset, find_dataset, load_all, load_dataset, names_not_loaded, primary_key

__all__ = [
    "Bands",
    "City",
    "Contract",
    "Dataset",
    "Department",
    "Frequency",
    "Publication",
    "Resource",
    "find_dataset",
    "load_all",
    "load_dataset",
    "names_not_loaded",
    "primary_key",
    "rules_bundle",
    "unpack_rules",
]
