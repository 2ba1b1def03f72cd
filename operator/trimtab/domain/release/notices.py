"""Notices to channels: kept in status until every channel has taken them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trimtab.domain.release.channels import channel_key
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import News, State
from trimtab.domain.status import shortened, timestamp

_PENDING = 20
"""Notices that are kept at most, the newest."""

_TITLE = 253


def delivered(state: State, look: Look) -> State:
    """Without what the channels took, or never will."""
    return replace(state, notices=tuple(_left(state, look)))


def _left(state: State, look: Look) -> Iterator[Mapping[str, Any]]:
    done = look.observation.delivered
    wanted = {channel_key(channel.to_json()) for channel in look.spec.notify}
    for notice in state.notices:
        channels = [key for key in notice.get("channels", ()) if (notice["id"], key) not in done and key in wanted]
        if channels:
            yield {**notice, "channels": channels}


def posted(state: State, look: Look) -> State:
    """With a notice of everything new that a channel wants to be told."""
    fresh = [notice for news in state.news if (notice := _notice(news, look)) is not None]
    return replace(state, notices=(*state.notices, *fresh)[-_PENDING:]) if fresh else state


def _notice(news: News, look: Look) -> Mapping[str, Any] | None:
    keys = [channel_key(channel.to_json()) for channel in look.spec.notify if news.event in channel.events]
    if not news.event or not keys:
        return None
    versions = {f"version of {each['name']}": each.get("version", "") for each in news.released}
    return {
        "id": shortened(f"{look.namespace}/{look.name}/{news.id}", _TITLE),
        "event": news.event,
        "release": news.release,
        "title": shortened(f"{look.namespace}/{look.name}: {news.event}", _TITLE),
        "text": news.message,
        "at": timestamp(look.now),
        "fields": {**versions, "reason": str(news.reason)},
        "channels": list(dict.fromkeys(keys)),
    }
