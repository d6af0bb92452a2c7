"""Declared repairs of cells: each has a name, is counted, and shows where it happened."""

from vidkryto.read.repair.steps import Repaired, doubtful, repair_field

__all__ = ["Repaired", "doubtful", "repair_field"]
