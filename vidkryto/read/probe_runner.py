"""The process that opens a workbook for `vidkryto.read.probe`: exit code 0 when the parser comes to a sound end."""

from __future__ import annotations

import resource
import sys

LARGEST = {"xls": (256, 65_536 * 256), "xlsb": (16_384, 40_000_000)}
"""Columns and cells of one sheet: what the format allows ([MS-XLS] 2.4.90), and for XLSB what XLSX is allowed here."""


def main(path: str, kind: str, seconds: int, megabytes: int) -> None:
    """Read every cell of every sheet within the limits. An orderly refusal by the parser is an end too."""
    import python_calamine as calamine

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with calamine.load_workbook(path) as workbook:
            for name in workbook.sheet_names:
                sheet = workbook.get_sheet_by_name(name)
                columns, cells = LARGEST[kind]
                if sheet.total_width > columns or sheet.total_width * sheet.total_height > cells:
                    sys.exit(3)
                sheet.to_python(skip_empty_area=False)
                sheet.merged_cell_ranges  # noqa: B018 - the parser reads them when asked
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, calamine.PasswordError, OSError):
        return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
