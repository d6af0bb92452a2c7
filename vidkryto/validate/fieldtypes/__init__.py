"""The field types of Table Schema, one file each; a new file here is found by itself."""

from importlib import import_module
from pkgutil import iter_modules

from vidkryto.validate.fieldtypes.base import REGISTRY, Acceptance, FieldType, acceptance, missing_values

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["REGISTRY", "Acceptance", "FieldType", "acceptance", "missing_values"]
