"""The repository tests itself: pages made from code are fresh."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_pages_made_from_code_are_fresh() -> None:
    """Mend with: python docs/generate.py"""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.stale_pages() == []
