"""The base of every block of a contract: frozen, and closed to unknown keys."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """A block of YAML. Unknown keys are refused; `did you mean` is added where the errors are told."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True)
