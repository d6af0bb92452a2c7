"""Code lists of the EU that the score looks values up in, as far as a city's catalogue meets them."""

from __future__ import annotations

AUTHORITY = "http://publications.europa.eu/resource/authority/"
IANA = ("http://www.iana.org/assignments/media-types/", "https://www.iana.org/assignments/media-types/")

NON_PROPRIETARY = frozenset(
    [
        "ATOM",
        "CSV",
        "DBF",
        "GEOJSON",
        "GML",
        "GPKG",
        "GPX",
        "GRID_ASCII",
        "GZIP",
        "HTML",
        "ICS",
        "JPEG2000",
        "JSON",
        "JSON_LD",
        "KML",
        "KMZ",
        "MAP_SRVC",
        "NETCDF",
        "ODB",
        "ODC",
        "ODF",
        "ODG",
        "ODP",
        "ODS",
        "ODT",
        "PNG",
        "RDF",
        "RDFA",
        "RDF_N_QUADS",
        "RDF_N_TRIPLES",
        "RDF_TRIG",
        "RDF_TURTLE",
        "RDF_XML",
        "REST",
        "RSS",
        "RTF",
        "SPARQLQ",
        "SVG",
        "TAR",
        "TIFF",
        "TMX",
        "TSV",
        "TXT",
        "WFS_SRVC",
        "WMS_SRVC",
        "XHTML",
        "XML",
        "XSD",
        "XSLT",
        "ZIP",
    ]
)
"""Formats of nobody: not XLSX, not Parquet."""

MACHINE_READABLE = frozenset(
    [
        "CSV",
        "GEOJSON",
        "ICS",
        "JSON",
        "JSON_LD",
        "KML",
        "KMZ",
        "NETCDF",
        "ODS",
        "RDF",
        "RDFA",
        "RDF_N_QUADS",
        "RDF_N_TRIPLES",
        "RDF_TRIG",
        "RDF_TURTLE",
        "RDF_XML",
        "RSS",
        "SHP",
        "XLS",
        "XLSX",
        "XML",
    ]
)
FILE_TYPES = (
    NON_PROPRIETARY | MACHINE_READABLE | frozenset(["PARQUET", "PDF", "DOC", "DOCX", "PPT", "PPTX", "BIN", "MDB"])
)
ACCESS_RIGHTS = frozenset({"PUBLIC", "RESTRICTED", "NON_PUBLIC", "CONFIDENTIAL", "SENSITIVE"})
LICENCES = frozenset(
    [
        "CC0",
        "CC_BY",
        "CC_BYNC",
        "CC_BYNCND",
        "CC_BYNCSA",
        "CC_BYND",
        "CC_BYSA",
        "CC_BY_1_0",
        "CC_BY_2_0",
        "CC_BY_2_5",
        "CC_BY_3_0",
        "CC_BY_4_0",
        "CC_BYSA_3_0",
        "CC_BYSA_4_0",
        "ODC_BL",
        "ODC_BY",
        "ODC_PDDL",
        "EUPL_1_1",
        "EUPL_1_2",
        "COM_REUSE",
    ]
)


def code_of(value: str, table: str) -> str:
    """The code of a value of a table: `CSV` of `…/authority/file-type/CSV`. Empty when it is of no such table."""
    prefix = f"{AUTHORITY}{table}/"
    return value.removeprefix(prefix) if value.startswith(prefix) else ""
