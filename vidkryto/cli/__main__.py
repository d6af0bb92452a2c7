"""`python -m vidkryto.cli`: the command line without its script."""

from vidkryto.cli import main

main()
