"""A real CKAN on this machine: started, stopped, emptied and put back by plain functions.

The modules that control processes use the standard library alone, so they import in any Python 3.11+;
the programs they start (CKAN, PostgreSQL, Valkey, gunicorn, the search stand-in) live in `portal/.venv`.
"""

__version__ = "0.1.0"
