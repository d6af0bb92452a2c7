"""The route by e-mail: one message over SMTP, encrypted unless the configuration says otherwise."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime

from vidkryto import clock
from vidkryto.alerts.configuration import Email
from vidkryto.alerts.message import Message
from vidkryto.errors import SettingsError
from vidkryto.settings import secret_from

PATIENCE = 30.0


def send_mail(route: Email, message: Message, to: Sequence[str]) -> None:
    """Send `message` to `to`. Raises SettingsError, without the password, when the server does not take it."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = message.subject, route.sender, ", ".join(to)
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{message.id}@{route.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = message.language
    mail.set_content(message.text())
    context = ssl.create_default_context()
    try:
        if route.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(route.host, route.port, timeout=PATIENCE, context=context)
        else:
            server = smtplib.SMTP(route.host, route.port, timeout=PATIENCE)
        with server:
            if route.security == "starttls":
                server.starttls(context=context)
            if route.user:
                server.login(route.user, secret_from(route.password_variable, route.password_file).reveal())
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise SettingsError(
            f"the alert route {route.name} did not take a message: {type(error).__name__}",
            remedy="Check host, port, security, user and password of this route in alerts.yaml; it is sent again.",
            transient=True,
        ) from None
