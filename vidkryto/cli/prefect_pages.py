"""Prefect's pages without their second edition, which tells a company outside what an officer does in them."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

NOTICE = """\
<!doctype html>
<html lang="uk">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Prefect</title>
<script>document.cookie = "prefect_ui_version=v1; path=/; SameSite=Lax"</script>
<body style="font: 18px/1.5 sans-serif; max-width: 36em; margin: 3em auto; padding: 0 1em">
<p>Другий варіант сторінок Prefect повідомляє сторонній компанії, що в ньому роблять, тому тут він вимкнений.
<a href="/">Назад до сторінок Prefect</a></p>
<p lang="en">The second edition of Prefect's pages tells a company outside what is done in it, so it is switched off
here. <a href="/">Back to Prefect's pages</a></p>
</body>
</html>
"""


def without_second_edition(folder: Path) -> dict[str, str]:
    """Lay a notice where Prefect would lay the second edition; returns what the server is told of it.

    PREFECT_SERVER_UI_V2_ENABLED only chooses which edition comes first: the first one goes on offering the second, and
    that one asks amplitude.com from the officer's browser, whatever the server's settings say. Prefect copies the
    files of an edition unless its own mark says that they are there (`create_ui_app` in prefect/server/api/server.py).
    """
    pages = folder.resolve() / "pages"
    second = pages / "v2"
    second.mkdir(parents=True, exist_ok=True)
    (second / "index.html").write_text(NOTICE, encoding="utf-8")
    (second / "UI_SERVE_BASE").write_text(f"v2:{version('prefect')}:/v2", encoding="utf-8")
    return {"PREFECT_SERVER_UI_STATIC_DIRECTORY": str(pages)}
