"""The mandated structures of Resolution 835: the ministry's CSVW read, mended, written as Table Schemas, compared."""

from vidkryto.catalogue.structures.csvw import Column, Structure, read_structure, read_structures
from vidkryto.catalogue.structures.defects import Defect
from vidkryto.catalogue.structures.difference import Change, compare, compare_folders
from vidkryto.catalogue.structures.mending import MendedColumn, MendedTable, mend
from vidkryto.catalogue.structures.profile import problems
from vidkryto.catalogue.structures.writing import descriptor, unworded, write

__all__ = [
    "Change",
    "Column",
    "Defect",
    "MendedColumn",
    "MendedTable",
    "Structure",
    "compare",
    "compare_folders",
    "descriptor",
    "mend",
    "problems",
    "read_structure",
    "read_structures",
    "unworded",
    "write",
]
