"""`--help` speaks the language of whoever asks."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from vidkryto.cli.app import app
from vidkryto.cli.helping import EXAMPLE, FRAME, commands_of, language_of, paragraphs, speak_ukrainian
from vidkryto.language.catalogue import catalogue


def test_every_help_text_has_a_ukrainian_one() -> None:
    """Of commands, arguments and options; add what lacks to vidkryto/language/uk/help.toml."""
    texts = [
        part
        for command in commands_of(typer.main.get_command(app))
        for text in (command.help, *(getattr(parameter, "help", None) for parameter in command.params))
        for part in paragraphs(text)
    ]
    assert len(texts) > 200
    assert [text for text in texts if not text.startswith(EXAMPLE) and text not in catalogue()] == []


def test_no_help_page_keeps_a_word_of_the_frame_in_english() -> None:
    """Neither headings nor defaults; examples and names of options stay as one types them."""
    for command in commands_of(speak_ukrainian(typer.main.get_command(app))):
        page = command.get_help(typer.Context(command, info_name=command.name))
        assert [word for word in FRAME if word in page] == []
        assert page.startswith("Використання: ")


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["--lang", "uk", "audit", "--help"], "Використання: vidkryto audit [ПАРАМЕТРИ]"),
        (["audit", "verify", "--lang=uk", "--help"], "Використання: vidkryto audit verify [ПАРАМЕТРИ]"),
        (["audit", "verify", "--help"], "Usage: vidkryto audit verify [OPTIONS]"),
    ],
)
def test_help_follows_the_language_asked_for(arguments: list[str], first: str) -> None:
    """`--lang` anywhere on the line, whatever the locale."""
    program = "import sys; sys.argv[0] = 'vidkryto'; from vidkryto.cli import main; main()"
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"LANG": "C.UTF-8"})
    assert done.returncode == 0
    assert done.stdout.startswith(first)


def test_the_locale_decides_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--lang` goes before it."""
    monkeypatch.delenv("VIDKRYTO_LANGUAGE", raising=False)
    monkeypatch.setenv("LC_ALL", "uk_UA.UTF-8")
    assert language_of(["audit", "--help"]) == "uk"
    assert language_of(["--lang", "en", "audit", "--help"]) == "en"
