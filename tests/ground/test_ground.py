"""The ground floor: errors, findings, settings, archive."""

import errno
import hashlib
import pickle
import re
from pathlib import Path

import pytest

from vidkryto.archive import Archive, written_atomically
from vidkryto.errors import PortalError, SettingsError, StateError, stage
from vidkryto.findings import Finding, Place, Severity, codes, worst
from vidkryto.settings import Secret, Settings


def test_every_code_has_every_text_in_both_languages_and_they_differ() -> None:
    """A code without a remedy, or with one left in the other language, would fail an officer."""
    for code in codes().values():
        for texts in (code.title, code.meaning, code.remedy, code.message):
            assert set(texts) == {"uk", "en"}, code.name
            assert texts["uk"].strip(), code.name
            assert texts["uk"] != texts["en"] or not re.sub(r"{\w+}|\W", "", texts["uk"]), code.name
        assert Severity(code.severity), code.name


def test_a_message_is_filled_in_with_place_and_values() -> None:
    """Placeholders of the table are filled from the finding."""
    finding = Finding("export-missing", Place(resource="stops"), wanted="zupynky_*.xlsx")
    assert finding.message("uk") == "Не знайдено файлу за шаблоном «zupynky_*.xlsx»."
    assert finding.severity is Severity.ERROR
    assert worst([]) is None
    assert worst([Finding("export-missing", override=Severity.NOTE), finding]) is Severity.ERROR


def test_a_finding_without_its_value_holds_nothing_of_the_cell() -> None:
    """For a protected field the value is dropped, not masked."""
    finding = Finding("export-missing", found="3123456789", details={"before": "3123456789"}).without_value()
    assert "3123456789" not in repr(finding)
    repaired = Finding("repair-decimal-comma", found="12,5", wanted="12.5").without_value()
    assert "12" not in repr(repaired)
    assert Finding("type-error", found="x", wanted="integer").without_value().wanted == "integer"


@pytest.mark.parametrize("code", codes())
def test_every_finding_can_be_told_without_its_value(code: str) -> None:
    """A protected field's finding has no details left, and its sentence still stands in both languages."""
    finding = Finding(code, found="3123456789", wanted="y").without_value()
    assert "3123456789" not in finding.message("uk") + finding.message("en")


def test_an_unknown_code_names_near_misses() -> None:
    """A typing slip in the program is found at once."""
    with pytest.raises(KeyError, match="export-missing"):
        _ = Finding("export-mising").severity


def test_an_error_says_where_it_happened_once() -> None:
    """The innermost place is kept on the way up."""
    with pytest.raises(PortalError) as caught, stage("schools", "publish"), stage("schools", "plan"):
        raise PortalError("the token was refused", remedy="Ask for a new one.")
    assert str(caught.value) == "schools, plan: the token was refused\n  What to do: Ask for a new one."


def test_a_full_disk_is_told_as_such() -> None:
    """An operating system error becomes one message with a remedy."""
    with pytest.raises(StateError, match="Free space on the disk"), stage("schools", "pull"):
        raise OSError(errno.ENOSPC, "No space left on device", "objects")


def test_a_secret_never_shows_itself() -> None:
    """Not in repr, str, format, pickle, nor in the settings that hold it."""
    secret = Secret("tok-123456")
    settings = Settings(root=Path("/r"), home=Path("/h"), ckan_token=secret)
    assert "tok-123456" not in f"{secret} {secret!r} {settings!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == "tok-123456"


def test_a_token_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """A token lies in the environment or in a file of mode 0600."""
    file = tmp_path / "token"
    file.write_text("tok\n")
    file.chmod(0o644)
    environment = {"VIDKRYTO_CKAN_URL": "http://127.0.0.1:1", "VIDKRYTO_CKAN_TOKEN_FILE": str(file)}
    with pytest.raises(SettingsError, match="chmod 600"):
        Settings.from_environment(environment)
    file.chmod(0o600)
    assert Settings.from_environment(environment).ckan_token.reveal() == "tok"


def test_without_a_portal_named_the_local_one_is_taken(tmp_path: Path) -> None:
    """`vidkryto portal up` leaves address and editor's token where the settings look."""
    portal = tmp_path / "home" / "portal"
    portal.mkdir(parents=True)
    (portal / "url").write_text("http://127.0.0.1:5155/\n")
    (portal / "editor.token").write_text("editor-token")
    (portal / "editor.token").chmod(0o600)
    settings = Settings.from_environment({"VIDKRYTO_ROOT": str(tmp_path), "VIDKRYTO_HOME": str(tmp_path / "home")})
    assert settings.ckan_url == "http://127.0.0.1:5155"
    assert settings.ckan_token.reveal() == "editor-token"


def test_an_unknown_language_is_refused() -> None:
    """Messages are in Ukrainian or English."""
    with pytest.raises(SettingsError, match="wanted uk or en"):
        Settings.from_environment({"VIDKRYTO_LANGUAGE": "xx"})


def test_the_archive_keeps_bytes_by_their_hash(tmp_path: Path) -> None:
    """The same bytes are kept once; an object's name proves its content."""
    archive = Archive(tmp_path / "objects")
    file = tmp_path / "a.csv"
    file.write_bytes(b"one")
    name = archive.put(file)
    assert name == hashlib.sha256(b"one").hexdigest() == archive.put_bytes(b"one")
    assert archive.path(name).read_bytes() == b"one"
    assert sum(1 for path in archive.root.rglob("*") if path.is_file()) == 1
    with pytest.raises(ValueError, match="not a sha256"):
        archive.path("../../etc/passwd")


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A file is replaced whole or not at all, and no part of it is left behind."""
    target = tmp_path / "pointer"
    target.write_text("old")
    with pytest.raises(FileNotFoundError), written_atomically(target) as part:
        part.with_name("absent").rename(part)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
