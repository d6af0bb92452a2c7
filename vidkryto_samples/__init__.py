"""Invented sample exports of city departments, made the same byte for byte every time from fixed seeds.

Nothing here is real: places and names of streets are of Khmelnytskyi, everything that stands at them is invented.
Every file name holds the word `zrazok` (sample). Run `python -m vidkryto_samples` from the root of the repository.
"""

import os

os.environ.setdefault("OPENPYXL_LXML", "False")  # where lxml happens to be installed, openpyxl writes other bytes
