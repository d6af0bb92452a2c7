"""Run the portal's command line: python -m vidkryto_portal."""

import sys

from vidkryto_portal.cli import main

sys.exit(main())
