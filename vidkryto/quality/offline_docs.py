"""Data Docs of Great Expectations, made to be read without the web: no outside request, no JavaScript."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkryto.errors import StateError

OUTSIDE = re.compile(r"""<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)\s*=\s*["']?(?:https?:)?//""", re.IGNORECASE)
"""What a browser would fetch from elsewhere by itself; an ordinary link is only followed by a person."""
SCRIPT = re.compile(r"<script\b.*?</script>", re.IGNORECASE | re.DOTALL)
REMOTE = re.compile(
    r"""<(?:link|img|iframe)\b[^>]*?\b(?:src|href)\s*=\s*["']?(?:https?:)?//[^>]*>(?:</iframe>)?""", re.IGNORECASE
)
STYLED = re.compile(r"""@import[^;]*;|url\(\s*["']?(?:https?:)?//[^)]*\)""", re.IGNORECASE)
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b2733;margin:0 auto;max-width:76rem;padding:1rem}
h1,h2,h3,h4,h5,h6{line-height:1.25;margin:1.2em 0 .4em} a{color:#0a4f8f} p{max-width:65ch}
table{border-collapse:collapse;width:100%;margin:.5rem 0} th,td{border:1px solid #cfd6dd;padding:.35rem .5rem;
text-align:left;vertical-align:top} thead th{background:#eef2f5} .row{display:flex;flex-wrap:wrap;gap:1rem}
.navbar,.modal,.ge-walkthrough-modal,#ge-cta-footer,.ge-index-page-site-name-title img,footer{display:none}
.list-unstyled,.breadcrumb{list-style:none;padding:0} .breadcrumb li{display:inline}
.breadcrumb li+li::before{content:" / "}
.badge{border-radius:.25rem;padding:0 .35rem;background:#e8ebee} .collapse{display:block}
.text-success::before{content:"\\2714"} .text-danger::before{content:"\\2718"} .text-warning::before{content:"\\26A0"}
.text-success{color:#146c2e} .text-danger{color:#a3152a} .text-warning{color:#8a5a00} code,pre{white-space:pre-wrap}
"""


@dataclass(frozen=True, slots=True)
class DocsPage:
    """A page of one run over one table."""

    table: str
    run: str
    success: bool
    file: str
    """Relative to the index."""


def make_offline(site: Path) -> int:
    """Rewrite every page of a site that Great Expectations built; returns how many there are.

    Raises StateError when a page would still fetch something from elsewhere.
    """
    pages = sorted(site.rglob("*.html"))
    for page in pages:
        text = STYLED.sub("", REMOTE.sub("", SCRIPT.sub("", page.read_text(encoding="utf-8"))))
        text = re.sub(r"<html\b[^>]*>", '<html lang="en">', text, count=1)
        text = text.replace("</head>", f"<style>{STYLE}</style>\n</head>", 1)
        if OUTSIDE.search(text):
            raise StateError(
                f"the page {page.name} would still ask the web for something",
                remedy="Do not publish it; this version of Great Expectations writes pages that are not known here.",
            )
        page.write_text(text, encoding="utf-8")
    for sheet in site.rglob("*.css"):
        sheet.write_text(STYLED.sub("", sheet.read_text(encoding="utf-8")), encoding="utf-8")
    return len(pages)


def write_index(file: Path, title: str, pages: Sequence[DocsPage], words: Mapping[str, str]) -> None:
    """The list of runs, newest first: the one that Great Expectations writes is drawn by scripts from the web."""
    rows = "\n".join(
        f'<tr><th scope="row"><a href="{html.escape(page.file, quote=True)}">{html.escape(page.run)}</a></th>'
        f"<td>{html.escape(page.table)}</td><td>{html.escape(words['held' if page.success else 'failed'])}</td></tr>"
        for page in sorted(pages, key=lambda page: page.run, reverse=True)
    )
    heads = "".join(f'<th scope="col">{html.escape(words[key])}</th>' for key in ("run", "table", "result"))
    file.write_text(
        f'<!doctype html>\n<html lang="{words["lang"]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n<body><main><h1>{html.escape(title)}</h1>\n"
        f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></main></body></html>\n",
        encoding="utf-8",
    )
