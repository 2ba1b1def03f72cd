"""The metrics port on Prometheus: few queries for many arms and meters, and answers confined to what was asked."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from trimtab.adapters.prometheus.answers import QueryError, TooLargeError
from trimtab.adapters.prometheus.client import TIMEOUT, Answer
from trimtab.adapters.prometheus.expressions import RefusedError, confined, value
from trimtab.adapters.prometheus.identities import IDENTITIES, sound
from trimtab.adapters.prometheus.questions import MAX_COST, Key, Question, packed, questions
from trimtab.adapters.prometheus.resting import Resting
from trimtab.adapters.prometheus.selectors import selector
from trimtab.adapters.prometheus.sorting import Sorted, crowded, missing_bucket, sorted_out
from trimtab.adapters.prometheus.sources import Part
from trimtab.domain.release.counting.counters import Arm, Reading
from trimtab.domain.release.counting.meters import Expression, Meter

FORBIDDEN = "queries are not run: who operates Trimtab can allow them with TRIMTAB_ALLOW_PROMQL (chart: allowPromQL)"


class Client(Protocol):
    """Asks the store."""

    async def matrix(self, query: str, within: float) -> Answer:
        """The series of an instant query that selects a range, within so many seconds. Raises QueryError."""


class PrometheusMetrics:
    """See trimtab.ports.metrics. `confines`: labels that all series of this cluster carry in the store.

    `promql`: whether queries of users are run; each is a query of its own, for each revision.

    It remembers how long answers were, so that they stay of a size: a query that turned out too long is asked for in
    halves, and from then on in the right portions. What alone is too much is not asked for a while.
    """

    def __init__(
        self,
        client: Client,
        confines: Mapping[str, str] | None = None,
        *,
        promql: bool = False,
        within: float = TIMEOUT,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._confines = dict(confines or {})
        self._promql = promql
        self._within = within
        self._now = now
        self._costs: dict[Key, float] = {}
        self._turn = asyncio.Lock()
        self._resting = Resting(now)

    async def read(self, arms: Collection[Arm], meters: Collection[Meter], window: float) -> Reading:
        """See the port. Without any answer, `at` is by our own clock."""
        written = [meter for meter in meters if isinstance(meter.measure, Expression)]
        asked, begun = questions(arms, set(meters).difference(written)), time.time()
        deadline = self._now() + self._within
        told, askable = self._sifted(asked, window)
        answers = [self._ask(query, window, deadline) for query in packed(askable, self._costs)]
        for answer in await asyncio.gather(*answers, *(self._run(meter, deadline) for meter in written)):
            told.add(answer)
        known = self._costs | told.costs
        self._costs = {question.key: known[question.key] for question in asked if question.key in known}
        return Reading(
            at=min(told.moments, default=begun),
            window=window,
            series=told.series,
            failed=told.failed,
            tallies=told.tallies,
            levels=told.levels,
            unread=told.unread,
        )

    def _sifted(self, asked: Sequence[Question], window: float) -> tuple[Sorted, list[Question]]:
        """What need not be asked is told at once; the rest is to be asked."""
        told, askable = Sorted(), []
        for question in asked:
            if why := self._resting.why(question.key, window):
                told.fail(question.targets(), why)
            elif all(map(sound, question.arms)):
                askable.append(question)
            else:
                told.fail(question.targets(), "there is nothing of that name")
        return told, askable

    async def _ask(self, asked: Sequence[Question], window: float, deadline: float) -> Sorted:
        """One query; if the answer is too long it is asked for in halves, so that one service harms no other."""
        told, begun = Sorted(), time.time()
        try:
            answer = await self._query(asked, [part for question in asked for part in question.parts], window, deadline)
        except TooLargeError as error:
            if len(asked) > 1:
                self._costs |= {question.key: 2 * MAX_COST / len(asked) for question in asked}
                return await self._halves(asked, window, deadline)
            self._rest(told, asked[0], window, str(error))
            return told
        except QueryError as error:
            told.fail((target for question in asked for target in question.targets()), str(error))
            return told
        async with self._turn:  # several threads at once would be no faster, and leave the event loop less
            told = await asyncio.to_thread(sorted_out, answer.series, asked)
        told.moments.append(begun if answer.at is None else answer.at)
        for question, number in told.crowded.items():
            self._rest(told, question, 0.0, crowded(number))
        for question in told.unbounded:
            told.fail(question.targets(), await self._missing(question, window, deadline))
        return told

    def _rest(self, told: Sorted, question: Question, window: float, why: str) -> None:
        self._resting.rest(question.key, window, why)
        told.fail(question.targets(), why)

    async def _run(self, meter: Meter, deadline: float) -> Sorted:
        """What a query of a user gives."""
        told, begun = Sorted(), time.time()
        assert isinstance(meter.measure, Expression)  # noqa: S101 - nothing else is run
        if not self._promql:
            told.fail([meter], FORBIDDEN)
            return told
        try:
            query = confined(meter.measure.query, meter.arm, self._confines)
            answer = await self._client.matrix(query, deadline - self._now())
            if series := value(answer.series):
                told.levels[meter] = series
        except (QueryError, RefusedError) as error:
            told.fail([meter], str(error))
            return told
        told.moments.append(begun if answer.at is None else answer.at)
        return told

    async def _halves(self, asked: Sequence[Question], window: float, deadline: float) -> Sorted:
        middle = len(asked) // 2
        told = await self._ask(asked[:middle], window, deadline)
        told.add(await self._ask(asked[middle:], window, deadline))
        return told

    async def _missing(self, question: Question, window: float, deadline: float) -> str:
        """What buckets there are instead of the wanted one."""
        histogram = {part.metric for part in question.parts if part.le is not None}
        try:
            answer = await self._query([question], [Part(metric=metric) for metric in histogram], window, deadline)
        except QueryError as error:
            return str(error)
        return missing_bucket(question, answer.series)

    async def _query(self, asked: Sequence[Question], parts: Iterable[Part], window: float, deadline: float) -> Answer:
        identity, arms = IDENTITIES[asked[0].identity], {arm for question in asked for arm in question.arms}
        text = selector(identity, arms, parts, window, self._confines)
        return await self._client.matrix(text, deadline - self._now())
