"""Slack, by incoming webhooks (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from typing import Any

from trimtab.ports.notifier import Notice

HEADER, SECTION, FIELD, FIELDS = 150, 3000, 2000, 10
"""Limits of Block Kit: characters of a header, a section and a field, and fields of a section."""


def message(notice: Notice) -> dict[str, Any]:
    """The notice as blocks; `text` is what notifications on a phone show."""
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(notice.title, HEADER)}]
    if notice.text:
        blocks.append({"type": "section", "text": _markdown(_escaped(notice.text), SECTION)})
    fields = [_markdown(f"*{_escaped(name)}*\n{_escaped(value)}", FIELD) for name, value in notice.fields.items()]
    if fields:
        blocks.append({"type": "section", "fields": fields[:FIELDS]})
    return {"text": _escaped(notice.title), "blocks": blocks}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:limit], "emoji": False}


def _markdown(text: str, limit: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text[:limit], "verbatim": True}


def _escaped(text: str) -> str:
    """Without it, a message that quotes a user could mention a whole channel, or link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
