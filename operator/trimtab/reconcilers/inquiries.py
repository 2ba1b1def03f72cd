"""Asks gates in the background: a gate that does not answer keeps its own release waiting and no other.

Answers are kept in memory until the release has drawn its conclusion, which is in its status; after a restart the gate
is asked again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from trimtab.domain.release.gates import Question
from trimtab.domain.release.observation import Answer
from trimtab.ports.gates import Gates
from trimtab.reconcilers.queue import Key

logger = logging.getLogger("trimtab.inquiries")

GRACE = 5.0
"""Seconds beyond a question's own time after which whoever asks is given up as well."""


@dataclass(slots=True)
class _Desk:
    answers: dict[str, Answer] = field(default_factory=dict)
    asking: dict[str, asyncio.Task[None]] = field(default_factory=dict)


class Inquiries:
    """What is asked on behalf of which release. `wake` is called with a key that has a new answer."""

    def __init__(self, gates: Gates, wake: Callable[[Key], None]) -> None:
        self._gates = gates
        self._wake = wake
        self._desks: dict[Key, _Desk] = {}

    def answers(self, key: Key) -> Mapping[str, Answer]:
        """The answers so far, by the id of the question."""
        desk = self._desks.get(key)
        return dict(desk.answers) if desk else {}

    def ask(self, key: Key, questions: Iterable[Question]) -> None:
        """Asks what was not asked yet; what is not named any more is forgotten. Never blocks.

        To be called once the status that calls for the questions is written.
        """
        wanted = {question.id: question for question in questions}
        desk = self._desks.get(key) or _Desk()
        for gone in desk.asking.keys() - wanted.keys():
            desk.asking.pop(gone).cancel()
        desk.answers = {name: answer for name, answer in desk.answers.items() if name in wanted}
        for name in wanted.keys() - desk.asking.keys() - desk.answers.keys():
            desk.asking[name] = asyncio.create_task(self._ask(key, desk, wanted[name]), name=f"gate of {key}")
        if wanted:
            self._desks[key] = desk
        else:
            self._desks.pop(key, None)

    async def stop(self) -> None:
        """Ends all questions."""
        tasks = [task for desk in self._desks.values() for task in desk.asking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, key: Key, desk: _Desk, question: Question) -> None:
        try:
            async with asyncio.timeout(question.timeout + GRACE):
                answer = await self._gates.ask(question.url, question.body, seconds=question.timeout)
        except TimeoutError:
            answer = Answer(open=False, message=f"no answer within {question.timeout:g} s")
        except Exception:
            logger.exception("unexpected error while a gate of %s was asked", key)
            answer = Answer(open=False, message="the gate could not be asked")
        desk.asking.pop(question.id, None)
        desk.answers[question.id] = answer
        self._wake(key)
