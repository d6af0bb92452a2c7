"""Run the search: python -m vidkryto_portal.search INDEX (the portal does it)."""

from vidkryto_portal.search.server import main

main()
