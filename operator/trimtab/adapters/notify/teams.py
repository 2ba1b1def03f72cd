"""Microsoft Teams, by the webhook trigger of a workflow, as an Adaptive Card.

https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
"""

import re
from typing import Any

from trimtab.ports.notifier import Notice

MAX_TEXT = 4000
"""Characters of a text; a message may have 28 KiB."""

_MARKDOWN = re.compile(r"([\\`*_\[\]()#<>])")


def message(notice: Notice) -> dict[str, Any]:
    """The notice as a card in the envelope that workflows expect."""
    body: list[dict[str, Any]] = [_text(notice.title, size="Medium", weight="Bolder")]
    if notice.text:
        body.append(_text(notice.text))
    if notice.fields:
        facts = [{"title": _escaped(name), "value": _escaped(value)} for name, value in notice.fields.items()]
        body.append({"type": "FactSet", "facts": facts})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, **style: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _escaped(text[:MAX_TEXT]), "wrap": True, **style}


def _escaped(text: str) -> str:
    """Cards render Markdown: a message that quotes a user must not become a link."""
    return _MARKDOWN.sub(r"\\\1", text)
