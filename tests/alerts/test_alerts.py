"""A person is told once of each cause, on the way he chose, in his language, and not at night."""

from __future__ import annotations

import base64
import errno
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.alerts.conftest import NOON, Hook, Mailbox, Office
from tests.support.catalogue import write_catalogue
from vidkryto.alerts import Configuration, causes, load_configuration, send_alerts
from vidkryto.alerts.oversight import keep_drift
from vidkryto.catalogue.deployments import entries
from vidkryto.errors import ContractError, StateError
from vidkryto.findings import Finding
from vidkryto.pipeline.promised import note_pauses
from vidkryto.record.run import Task, Text
from vidkryto.settings import Secret, Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def mail(port: int, **parts: object) -> Configuration:
    """A configuration of one e-mail route to the server of the test."""
    route = {"name": "mail", "kind": "email", "host": "127.0.0.1", "port": port, "security": "none"}
    return Configuration.model_validate(
        {"routes": [{**route, "sender": "vidkryto@city.example", **parts}], "quiet": parts.pop("quiet", None)}
    )


def webhook(form: str, **parts: object) -> Configuration:
    """A configuration of one webhook whose address is in the environment."""
    route = {"name": "chat", "kind": "webhook", "form": form, "url_variable": "VIDKRYTO_TEST_HOOK", **parts}
    return Configuration.model_validate({"routes": [route], "quiet": None})


def test_a_department_is_written_to_in_its_language_with_the_link_and_the_next_step(
    office: Office, mailbox: Mailbox
) -> None:
    """The mail says what is wrong, what to do and where to look; it goes to the department's contact."""
    office.withheld()
    send_alerts(office.settings, now=NOON, configuration=mail(mailbox.port))
    [got] = mailbox.mails
    assert got["To"] == "transport@city.example"
    assert (
        got["Subject"] == "Тестова міська рада: Набір «Зупинки» не опубліковано: Порожня клітинка (усього помилок: 1)"
    )
    assert "https://report.example/datasets/stops/" in got.get_content()
    assert "→ " in got.get_content()
    assert got["Auto-Submitted"] == "auto-generated"


def test_a_cause_is_told_once_however_many_runs_notice_it(office: Office, mailbox: Mailbox) -> None:
    """Three nights with the same wrong export are one mail; a new export that is wrong again is another."""
    for night in range(3):
        office.withheld("a", NOON + night * DAY)
        send_alerts(office.settings, now=NOON + night * DAY, configuration=mail(mailbox.port))
    assert len(mailbox.mails) == 1
    office.withheld("b", NOON + 3 * DAY)
    send_alerts(office.settings, now=NOON + 3 * DAY, configuration=mail(mailbox.port))
    assert len(mailbox.mails) == 2


def test_one_failure_of_many_datasets_is_one_message_to_the_data_office(office: Office, mailbox: Mailbox) -> None:
    """An unreachable portal stops every dataset and concerns one office."""
    reason = "plan: the portal does not answer after 3 tries"
    office.ran("Failed", reason=Text(f"stops, {reason}", f"stops, {reason}"))
    first = causes(office.settings, NOON)
    office.ran(
        "Failed",
        NOON + HOUR,
        reason=Text(f"stops, {reason}", "stops, publish: the portal does not answer after 4 tries"),
    )
    assert [cause.id for cause in causes(office.settings, NOON + HOUR)] == [first[0].id]
    send_alerts(office.settings, now=NOON, configuration=mail(mailbox.port))
    assert [got["To"] for got in mailbox.mails] == ["data@city.example"]


def test_a_dataset_that_a_person_paused_is_told_as_that_and_once(office: Office, mailbox: Mailbox) -> None:
    """Not as missed, not as late, however long; resumed and paused again it is told again."""
    chosen = mail(mailbox.port, language="en")
    office.good("2026-11-20", NOON - 30 * DAY)
    for day in range(100):
        now = NOON + day * DAY
        note_pauses(office.settings, {"stops": day not in (50, 51)}, now)
        send_alerts(office.settings, now=now, configuration=chosen)
    assert [got["Subject"].partition(": ")[2] for got in mailbox.mails] == [
        "“Stops” is paused by a person since 2026-11-25 12:00: it is not published by schedule",
        "The export of “Stops” is late: it was due on 2026-11-20",
        "“Stops” is paused by a person since 2027-01-16 12:00: it is not published by schedule",
    ]
    assert {got["To"] for got in mailbox.mails[::2]} == {"data@city.example"}
    assert "resume stops in Prefect's pages" in mailbox.mails[0].get_content()


def test_a_promise_that_was_never_kept_is_told(office: Office, mailbox: Mailbox) -> None:
    """No run ever began, so there is no record: the data office is told that none began, and later that it is late."""
    chosen = mail(mailbox.port, language="en")
    for day in range(60):
        send_alerts(office.settings, now=NOON + day * DAY, configuration=chosen)
    assert [got["Subject"].partition(": ")[2] for got in mailbox.mails] == [
        "“Stops” was never published: its first release was promised for 2026-12-26",
        "Scheduled runs do not happen: none began since 2026-11-25T10:00:00+00:00",
    ]
    assert [got["To"] for got in mailbox.mails] == ["data@city.example"] * 2


def test_a_first_export_that_stays_wrong_is_late_after_the_promised_time(office: Office) -> None:
    """It was looked at, and nothing good has come since the promise began."""
    note_pauses(office.settings, {"stops": False}, NOON)
    office.withheld()
    kinds = [[cause.kind for cause in causes(office.settings, NOON + day * DAY)] for day in (5, 31, 32)]
    assert kinds == [["withheld"], ["withheld"], ["withheld", "late"]]


def test_a_failure_that_comes_back_after_good_days_is_told_again(office: Office, mailbox: Mailbox) -> None:
    """A flutter of some hours is the same outage; one that returns after a good day is another."""
    chosen, bad = mail(mailbox.port), Text("stops, pull: no answer", "stops, pull: no answer")
    for at, outcome in ((0, "Failed"), (2, "Published"), (4, "Failed"), (6, "Published"), (48, "Failed")):
        office.ran(outcome, NOON + at * HOUR, reason=bad if outcome == "Failed" else None)
        send_alerts(office.settings, now=NOON + at * HOUR, configuration=chosen)
    assert len(mailbox.mails) == 2


def test_an_export_that_is_missing_again_is_told_again(office: Office, mailbox: Mailbox) -> None:
    """It came, and two months later it is missing anew: a message of its own, which no mail server takes for the
    first. A technical failure in between mends nothing."""
    chosen, gone = mail(mailbox.port), (Task("export-missing", "error", "stops", ""),)
    said = {"Withheld": Text("немає вивантаження", "missing"), "Failed": Text("stops, pull: x", "stops, pull: x")}
    for day, outcome in ((0, "Withheld"), (1, "Failed"), (3, "Withheld"), (4, "Published"), (60, "Withheld")):
        tasks = gone if outcome == "Withheld" else ()
        office.ran(outcome, NOON + day * DAY, reason=said.get(outcome), tasks=tasks)
        send_alerts(office.settings, now=NOON + day * DAY, configuration=chosen)
    assert [got["To"].partition("@")[0] for got in mailbox.mails] == ["transport", "data", "transport"]
    assert len({got["Message-ID"] for got in mailbox.mails}) == 3


def test_a_contract_that_does_not_load_is_told_once_and_mends_nothing(office: Office, mailbox: Mailbox) -> None:
    """The dataset does not vanish in silence; what stood open before is not told anew once the contract is mended."""
    chosen, file = mail(mailbox.port), office.settings.datasets / "transport" / "stops" / "dataset.yaml"
    office.withheld()
    good = file.read_text(encoding="utf-8")
    write_catalogue(office.settings.root, {**yaml.safe_load(good), "name": "routes"})
    for day, text in enumerate((good, "titel: x\n", "titel: x\n\n", good)):
        file.write_text(text, encoding="utf-8")
        send_alerts(office.settings, now=NOON + day * DAY, configuration=chosen)
    assert [got["To"].partition("@")[0] for got in mailbox.mails] == ["transport", "data"]
    assert "Договір stops не завантажується" in mailbox.mails[1].get_content()
    assert "невідомий ключ `titel`" in mailbox.mails[1].get_content()


def test_a_city_file_that_stops_all_contracts_is_one_cause(office: Office) -> None:
    """Whatever the number of datasets."""
    contract = yaml.safe_load((office.settings.datasets / "transport" / "stops" / "dataset.yaml").read_text())
    write_catalogue(office.settings.root, {**contract, "name": "routes"})
    (office.settings.datasets / "city.yaml").write_text("titel: x\n", encoding="utf-8")
    [cause] = causes(office.settings, NOON)
    assert (cause.kind, cause.datasets) == ("contract", ("routes", "stops"))


def test_a_portal_that_drifts_again_is_told_again(office: Office, mailbox: Mailbox) -> None:
    """The watch of each morning decides; a second day of the same drift is no second message."""
    for day, found in enumerate((["watch-dataset-missing"], ["watch-dataset-missing"], [], ["watch-dataset-missing"])):
        keep_drift(office.settings, "stops", [Finding(code) for code in found])
        send_alerts(office.settings, now=NOON + day * DAY, configuration=mail(mailbox.port))
    assert len(mailbox.mails) == 2


def test_on_a_full_disk_nothing_is_sent_rather_than_the_same_every_quarter_of_an_hour(
    office: Office, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told could not be kept; once there is space it is told, once."""
    office.withheld()

    def full(_target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("vidkryto.alerts.memory.written_atomically", full)
        for _ in range(2):
            with pytest.raises(StateError, match="No space left on device"):
                send_alerts(office.settings, now=NOON, configuration=mail(mailbox.port))
    assert mailbox.mails == []
    for _ in range(2):
        send_alerts(office.settings, now=NOON + HOUR, configuration=mail(mailbox.port))
    assert len(mailbox.mails) == 1


def test_an_address_that_is_none_stops_no_other_route(office: Office, mailbox: Mailbox) -> None:
    """It is told as that route's error, and nothing in it becomes a header."""
    [bad] = mail(mailbox.port, to=["a@b.example\nBcc: x@y.example"]).routes
    [good] = mail(mailbox.port, name="good").routes
    office.withheld()
    done = send_alerts(office.settings, now=NOON, configuration=Configuration(quiet=None, routes=(bad, good)))
    assert [item.error for item in done] == ["the alert route mail did not take a message: ValueError", ""]
    assert len(mailbox.mails) == 1


def test_a_late_export_is_told_with_the_day_it_was_due(office: Office) -> None:
    """Lateness begins after the day of the promise, and is one cause as long as it lasts."""
    office.good("2026-11-24", datetime(2026, 11, 24, 3, tzinfo=UTC))
    assert causes(office.settings, datetime(2026, 11, 24, 12, tzinfo=UTC)) == ()
    [one], [later] = causes(office.settings, NOON), causes(office.settings, NOON + 5 * DAY)
    assert (one.kind, one.department) == ("late", "transport")
    assert one.title.en == "The export of “Stops” is late: it was due on 2026-11-24"
    assert one.id == later.id


def test_an_approval_that_is_waited_for_names_the_command(office: Office) -> None:
    """The data office is told what to decide, and how."""
    words = "a first publication waits for approval: vidkryto approve 0123456789ab"
    office.ran("Withheld", reason=Text(words, words))
    [cause] = causes(office.settings, NOON)
    assert (cause.kind, cause.department) == ("approval", "")
    assert "vidkryto approve 0123456789ab" in cause.next_step.uk


def test_what_the_contract_holds_back_is_no_cause(office: Office) -> None:
    """Nobody has to act on an embargo."""
    office.ran("Withheld", reason=Text("ембарго до 01.12.2026", "embargo until 01 Dec 2026"))
    assert causes(office.settings, NOON) == ()


def test_drift_is_told_until_a_watch_finds_the_portal_in_order(office: Office) -> None:
    """The last watch decides."""
    keep_drift(office.settings, "stops", [Finding("watch-dataset-missing")])
    assert [cause.kind for cause in causes(office.settings, NOON)] == ["drift"]
    keep_drift(office.settings, "stops", [])
    assert causes(office.settings, NOON) == ()


def test_a_server_or_worker_that_does_not_stay_up_is_told_to_the_data_office(office: Office) -> None:
    """Nothing is published by schedule then; the report's own server holds up nobody."""
    folder = office.settings.home / "up"
    folder.mkdir(parents=True)
    (folder / "down.json").write_text('["prefect-worker", "report-server"]\n', encoding="utf-8")
    [cause] = causes(office.settings, NOON)
    assert (cause.kind, cause.department) == ("missed", "")
    assert cause.title.en == "prefect-worker does not stay up: nothing is published by schedule"
    assert "prefect-worker.log" in cause.next_step.uk
    (folder / "down.json").write_text("[]\n", encoding="utf-8")
    assert causes(office.settings, NOON) == ()


def test_a_token_that_ends_soon_is_told(office: Office) -> None:
    """Two weeks before, by the claim in the token itself."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": int((NOON + 10 * DAY).timestamp())}).encode()).decode()
    settings = Settings(office.settings.root, office.settings.home, ckan_token=Secret(f"x.{claims}.y"))
    assert causes(settings, NOON - 5 * DAY) == ()
    [cause] = causes(settings, NOON)
    assert cause.title.en == "The portal's token ends on 2026-12-05"


def test_quiet_hours_hold_a_message_until_morning(office: Office, mailbox: Mailbox) -> None:
    """A cause of the night is told after eight; on a Saturday it waits for Monday; an urgent kind does not wait."""
    quiet = {"since": "20:00", "until": "08:00", "weekends": True}
    chosen = mail(mailbox.port).model_copy(update={"quiet": Configuration.model_validate({"quiet": quiet}).quiet})
    office.withheld()
    for at in (datetime(2026, 11, 25, 19, tzinfo=UTC), datetime(2026, 11, 28, 10, tzinfo=UTC)):  # 21:00; a Saturday
        assert send_alerts(office.settings, now=at, configuration=chosen) == ()
    urgent = Configuration.model_validate({"quiet": {**quiet, "urgent": ["withheld"]}}).quiet
    assert send_alerts(
        office.settings,
        now=datetime(2026, 11, 28, 10, tzinfo=UTC),
        configuration=chosen.model_copy(update={"quiet": urgent}),
        dry_run=True,
    )
    send_alerts(office.settings, now=datetime(2026, 11, 30, 6, 30, tzinfo=UTC), configuration=chosen)
    assert len(mailbox.mails) == 1


def test_a_digest_is_one_mail_a_day_with_what_is_still_open(office: Office, mailbox: Mailbox) -> None:
    """Before its hour nothing is sent; a day without news brings no mail."""
    chosen = mail(mailbox.port, digest="09:00", language="en")
    office.withheld()
    early, nine = datetime(2026, 11, 25, 6, tzinfo=UTC), datetime(2026, 11, 25, 7, tzinfo=UTC)
    assert send_alerts(office.settings, now=early, configuration=chosen) == ()
    send_alerts(office.settings, now=nine, configuration=chosen)
    send_alerts(office.settings, now=nine + DAY, configuration=chosen)
    assert len(mailbox.mails) == 1
    office.withheld("b")
    send_alerts(office.settings, now=nine + 2 * DAY, configuration=chosen)
    assert len(mailbox.mails) == 2


@pytest.mark.parametrize("form", ["slack", "mattermost", "teams", "telegram"])
def test_each_service_gets_the_form_it_wants(
    form: str, office: Office, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words are the same; Telegram wants a chat, Teams a card, Slack no bare angle brackets."""
    monkeypatch.setenv("VIDKRYTO_TEST_HOOK", hook.url)
    office.withheld()
    send_alerts(office.settings, now=NOON, configuration=webhook(form, chat="-100" if form == "telegram" else ""))
    [got] = hook.posts
    text = json.dumps(got, ensure_ascii=False)
    assert "Набір «Зупинки» не опубліковано" in text
    assert "https://report.example/datasets/stops/" in text
    expected = {"slack": "text", "mattermost": "text", "teams": "attachments", "telegram": "chat_id"}
    assert expected[form] in got


def test_a_route_that_fails_keeps_its_message_and_tells_no_secret(
    office: Office, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address of a webhook is a secret; the message goes out at the next call, once."""
    monkeypatch.setenv("VIDKRYTO_TEST_HOOK", hook.url)
    office.withheld()
    hook.answer = 500
    [failed] = send_alerts(office.settings, now=NOON, configuration=webhook("slack"))
    assert "answer 500" in failed.error
    assert "secret-part" not in failed.error
    hook.answer = 200
    send_alerts(office.settings, now=NOON + HOUR, configuration=webhook("slack"))
    assert send_alerts(office.settings, now=NOON + 2 * HOUR, configuration=webhook("slack")) == ()
    assert len(hook.posts) == 2


def test_a_secret_file_that_others_can_read_is_refused(office: Office, tmp_path: Path) -> None:
    """The message names the command that mends it."""
    office.withheld()
    file = tmp_path / "hook"
    file.write_text("http://127.0.0.1:9/x")
    file.chmod(0o644)
    [failed] = send_alerts(
        office.settings, now=NOON, configuration=webhook("slack", url_variable=None, url_file=str(file))
    )
    assert "chmod 600" in failed.error


def test_prefect_gets_an_event_for_its_automations(office: Office) -> None:
    """Only where the flow gives a way to send one."""
    chosen = Configuration.model_validate({"routes": [{"name": "events", "kind": "prefect"}], "quiet": None})
    office.withheld()
    assert send_alerts(office.settings, now=NOON, configuration=chosen) == ()
    emitted: list[str] = []
    for _ in range(2):
        send_alerts(office.settings, now=NOON, configuration=chosen, emit=lambda cause: emitted.append(cause.kind))
    assert emitted == ["withheld"]


def test_a_city_with_alerts_gets_a_deployment_that_sends_them() -> None:
    """Every quarter of an hour, by a flow that exists."""
    assert entries([]) == []
    [entry] = entries([], alerts=True)
    assert (entry["name"], entry["schedules"][0]["cron"]) == ("send-alerts", "*/15 * * * *")
    file, _, function = entry["entrypoint"].partition(":")
    assert f"def {function}(" in (Path(__file__).parents[2] / file).read_text(encoding="utf-8")


def test_a_misspelt_key_of_the_configuration_names_its_line(tmp_path: Path) -> None:
    """As in a contract."""
    (tmp_path / "alerts.yaml").write_text("timezone: Europe/Kyiv\nroutez: []\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r"alerts.yaml:2: unknown key `routez`; did you mean `routes`"):
        load_configuration(tmp_path)


def certificate_of(address: str, tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of an address that nobody signed but itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "server.pem", tmp_path / "server.key"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """That of the address at which the test's server listens."""
    return certificate_of("127.0.0.1", tmp_path)


@pytest.mark.parametrize(("address", "taken"), [("127.0.0.1", True), ("127.0.0.2", False)])
def test_the_password_goes_to_the_server_of_that_certificate_alone(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, taken: bool
) -> None:
    """Who answers in the mail server's place with a trusted certificate of another gets neither mail nor password."""
    certificate = certificate_of(address, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    monkeypatch.setenv("VIDKRYTO_TEST_PASSWORD", "correct horse")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    asked: list[str] = []

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, words: Any) -> AuthResult:
        asked.append(words.password.decode())
        return AuthResult(success=True)

    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    ways: dict[str, Any] = {"tls_context": context, "require_starttls": True, "authenticator": authenticate}
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **ways)
    office.withheld()
    chosen = mail(box.port, security="starttls", user="vidkryto", password_variable="VIDKRYTO_TEST_PASSWORD")
    controller.start()
    try:
        (done,) = send_alerts(office.settings, now=NOON, configuration=chosen)
    finally:
        controller.stop()
    assert ("SSLCertVerificationError" not in done.error, len(box.mails)) == (taken, int(taken))
    assert asked == (["correct horse"] if taken else [])
    assert "correct horse" not in done.error


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_encrypted_to_a_server_whose_certificate_is_trusted_and_to_no_other(
    office: Office, certificate: tuple[Path, Path], security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS and TLS from the first byte; with a certificate that nobody vouches for nothing is sent."""
    box = Mailbox()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    ways: dict[str, dict[str, Any]] = {
        "starttls": {"tls_context": context, "require_starttls": True},
        "tls": {"ssl_context": context},
    }
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **ways[security])
    office.withheld()
    chosen = mail(box.port, security=security)
    if security == "tls":
        knock = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        knock.load_verify_locations(certificate[0])

        def trigger() -> None:
            address = ("127.0.0.1", box.port)
            with socket.create_connection(address, 10) as raw, knock.wrap_socket(raw, server_hostname="127.0.0.1"):
                """aiosmtpd itself would knock without knowing the certificate."""

        monkeypatch.setattr(controller, "_trigger_server", trigger)
    controller.start()
    try:
        (refused,) = send_alerts(office.settings, now=NOON, configuration=chosen)
        assert "SSLCertVerificationError" in refused.error
        assert box.mails == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        (sent,) = send_alerts(office.settings, now=NOON, configuration=chosen)
        assert sent.error == ""
        assert len(box.mails) == 1
    finally:
        controller.stop()
