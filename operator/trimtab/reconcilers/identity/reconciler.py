"""The reconciler of workload identities: one IAM role per Microservice, from what its bindings contribute."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.account import Account, account_of
from trimtab.domain.binding.identity.asked import Asked, asked, chosen
from trimtab.domain.binding.identity.decide import Decision, decided
from trimtab.domain.binding.identity.report import pending, unmanaged, view
from trimtab.domain.binding.identity.role import FRESH, Bearer, Found
from trimtab.domain.binding.workload import is_inside
from trimtab.domain.objects import Object, uid_of
from trimtab.domain.outcome import Done, Outcome, Waiting
from trimtab.ports.clock import Clock
from trimtab.ports.cloud import CloudDeniedError, CloudError, CloudInvalidError
from trimtab.ports.cluster import Cluster
from trimtab.ports.roles import Roles
from trimtab.reconcilers.binding.troubles import trouble
from trimtab.reconcilers.identity.board import IdentityBoard
from trimtab.reconcilers.microservice import microservice_ref
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

ROUNDS = 4
"""Looks within one run, before the next one goes on."""

POLL = 450.0
"""Seconds after which a run looks again although nothing is known to have changed, so that every resync does."""

SOON = 5.0
"""Seconds until the next look at what AWS has not spread yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """What was as it should be, and since when (seconds)."""

    asked: Asked
    account: Account | None
    nonce: str
    at: float


class IdentityReconciler:
    """Stateless but for when each role was last found to be as it should be, and how often calls failed since."""

    def __init__(
        self,
        cluster: Cluster,
        roles: Roles,
        board: IdentityBoard,
        clock: Clock,
        identity: Callable[[], ClusterIdentity],
        *,
        poll: float = POLL,
        seconds: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._cluster = cluster
        self._roles = roles
        self._board = board
        self._clock = clock
        self._identity = identity
        self._seconds = seconds
        self._poll = poll
        self._draw = draw
        self._rests: dict[Key, _Rest] = {}
        self._failures: dict[Key, int] = {}

    async def reconcile(self, run: Run) -> Outcome:
        """One run over one key, whose name is that of a Microservice."""
        namespace, name = run.key.namespace, run.key.name
        resource = self._cluster.cached(microservice_ref(run.key))
        if resource is not None and "deletionTimestamp" in resource["metadata"]:
            resource = None
        contributions = self._board.contributions(namespace, name)
        grant = chosen(contributions) or self._board.grant(namespace, name)
        if grant is None:
            return self._nothing(run, gone=resource is None)
        account = account_of(resource) if resource is not None else None
        bearer = self._bearer(run.key, resource)
        wanted = asked(bearer, account, contributions, self._unknown(run.key), grant, self._identity())
        if grant.identity.mode == "None":
            return self._unmanaged(run.key, wanted)
        if account is None and any(True for _ in self._cluster.pods(namespace, name)):
            return Waiting(after=SOON, reason="pods of a Microservice that is gone are still ending")
        rest = _Rest(asked=wanted, account=account, nonce=_nonce(resource), at=self._seconds())
        if self._rests_still(run.key, rest):
            return Done()
        return await self._look(run, rest, grant)

    def _nothing(self, run: Run, *, gone: bool) -> Outcome:
        self._rests.pop(run.key, None)
        self._failures.pop(run.key, None)
        self._board.show(run.key.namespace, run.key.name, None)
        run.gone = gone
        return Done()

    def _unmanaged(self, key: Key, wanted: Asked) -> Outcome:
        self._rests.pop(key, None)
        self._board.show(key.namespace, key.name, unmanaged(wanted) if wanted.contributions else None)
        return Done()

    def _bearer(self, key: Key, resource: Object | None) -> Bearer:
        uid = uid_of(resource) if resource is not None else ""
        return Bearer(cluster=self._identity().id, namespace=key.namespace, microservice=key.name, uid=uid)

    def _unknown(self, key: Key) -> frozenset[str]:
        """The bindings of which this process does not know yet what they ask for."""
        found = self._cluster.bindings(key.namespace, key.name)
        names = (each["metadata"]["name"] for each in found if not is_inside(each))
        return frozenset(name for name in names if not self._board.heard(key.namespace, name))

    def _rests_still(self, key: Key, now: _Rest) -> bool:
        before = self._rests.get(key)
        return before is not None and now.at - before.at < self._poll and replace(before, at=now.at) == now

    async def _look(self, run: Run, rest: _Rest, grant: Grant) -> Outcome:
        wanted, key = rest.asked, run.key
        self._rests.pop(key, None)
        if wanted.lacking:
            return self._troubled(key, wanted, Reason.CLOUD_INVALID, wanted.lacking, self._poll)
        found = Found()
        try:
            for _ in range(ROUNDS):
                found = await self._roles.look(grant, wanted.name, wanted.subject)
                decision = decided(wanted, found)
                if not decision.steps:
                    return self._settled(run, rest, found, decision)
                for step in decision.steps:
                    run.writes += 1
                    await self._roles.carry_out(grant, step)
        except CloudError as error:
            return self._failed(key, wanted, found, error)
        return self._troubled(key, wanted, Reason.IDENTITY_PENDING, "AWS does not show yet what was written", SOON)

    def _settled(self, run: Run, rest: _Rest, found: Found, decision: Decision) -> Outcome:
        key, wanted = run.key, rest.asked
        self._rests[key] = rest
        self._failures.pop(key, None)
        shown = view(wanted, rest.account, found, decision.refusal)
        run.reason = str(shown.reason)
        nobody = not wanted.contributions and not wanted.unknown
        self._board.show(key.namespace, key.name, None if nobody else shown)
        run.gone = nobody and rest.account is None
        return Done()

    def _failed(self, key: Key, wanted: Asked, found: Found, error: CloudError) -> Outcome:
        """A role that is new is not known everywhere in AWS, whatever it answers."""
        if isinstance(error, (CloudDeniedError, CloudInvalidError)) and self._is_fresh(found):
            message = f"the role is new, and not known everywhere in AWS: {error}"
            return self._troubled(key, wanted, Reason.IDENTITY_PENDING, message, SOON)
        failures = self._failures.get(key, 0)
        told = trouble(error, None, failures, self._draw)
        self._failures[key] = failures + 1
        return self._troubled(key, wanted, told.reason, told.message, told.after)

    def _is_fresh(self, found: Found) -> bool:
        return found.role is not None and (self._clock.now() - found.role.created).total_seconds() < FRESH

    def _troubled(self, key: Key, wanted: Asked, reason: Reason, message: str, after: float) -> Outcome:
        before = self._board.view(key.namespace, key.name)
        self._board.show(key.namespace, key.name, pending(wanted, before, reason, message))
        return Waiting(after=after, reason=str(reason))


def _nonce(resource: Object | None) -> str:
    annotations: dict[str, Any] = (resource["metadata"].get("annotations") or {}) if resource is not None else {}
    return str(annotations.get(labels.RECONCILE, ""))
