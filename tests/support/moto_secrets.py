"""What the emulator of AWS makes up and is secret carries the mark: generated passwords, credentials of sessions."""

from functools import cache
from typing import Any

from tests.support.markers import MARK, secret


@cache
def mark() -> None:
    """Marks what moto makes up in this process. A second call changes nothing."""
    _mark_passwords()
    _mark_sessions()


def _mark_passwords() -> None:
    """Where there is room for it, and its letters are asked for."""
    from moto.secretsmanager import models
    from moto.secretsmanager.utils import random_password as draw

    def random_password(length: int, exclude: str, *rest: bool) -> str:
        drawn = draw(length, exclude, *rest)
        no_lowercase = rest[3]
        if no_lowercase or set(exclude) & set(MARK) or length < len(MARK) + 8:
            return drawn
        return drawn[: -len(MARK)] + MARK

    models.random_password = random_password  # type: ignore[attr-defined, assignment]  # what moto calls, by position


def _mark_sessions() -> None:
    from moto.sts import models

    begin = models.AssumedRole.__init__

    def begin_marked(self: Any, *args: Any, **options: Any) -> None:
        begin(self, *args, **options)
        self.secret_access_key = secret(self.access_key_id)
        self.session_token += MARK

    models.AssumedRole.__init__ = begin_marked  # type: ignore[method-assign]
