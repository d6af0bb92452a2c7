"""The route by webhook: Slack, Mattermost, Teams and Telegram each want another form of the same words."""

from __future__ import annotations

from typing import Any

import requests

from vidkryto.alerts.configuration import Webhook
from vidkryto.alerts.message import Message
from vidkryto.errors import SettingsError
from vidkryto.settings import secret_from

PATIENCE = (10.0, 30.0)
LONGEST = {"slack": 3000, "mattermost": 4000, "teams": 20_000, "telegram": 4000}


def post(route: Webhook, message: Message) -> None:
    """Post `message`. Raises SettingsError when it is not taken; the address is a secret and is never told."""
    address = secret_from(route.url_variable, route.url_file).reveal()
    try:
        answer = requests.post(address, json=body(route, message), timeout=PATIENCE, allow_redirects=False)
        told = "" if answer.ok and not answer.is_redirect else f"answer {answer.status_code}"
    except requests.RequestException as error:
        told = type(error).__name__
    if told:
        raise SettingsError(
            f"the alert route {route.name} did not take a message: {told}",
            remedy="Check the address of this route (url_variable or url_file in alerts.yaml); it is sent again.",
            transient=True,
        )


def body(route: Webhook, message: Message) -> dict[str, Any]:
    """The JSON that the service wants."""
    text = message.text()
    limit = LONGEST[route.form]
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    if route.form == "telegram":
        return {"chat_id": route.chat, "text": f"{message.subject}\n\n{text}"[:4096], "disable_web_page_preview": True}
    if route.form == "slack":
        for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, name)
        return {"text": f"*{message.subject}*\n{text}"}
    if route.form == "mattermost":
        return {"text": f"#### {message.subject}\n{text}"}
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": message.subject, "weight": "bolder", "wrap": True},
            {"type": "TextBlock", "text": text, "wrap": True},
        ],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }
