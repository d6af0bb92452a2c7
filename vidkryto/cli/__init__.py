"""The command line: every command is the verb of a library function.

Summaries for people go to stderr, data to stdout, `--json` gives data in every command.
Exit codes: 0 done, 1 withheld or findings of severity error, 2 failed or wrong use.
"""

from vidkryto.cli.app import app, main

__all__ = ["app", "main"]
