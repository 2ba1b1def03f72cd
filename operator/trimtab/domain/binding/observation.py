"""Everything that a decision about a ServiceBinding may depend on, gathered before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.api.servicebinding import BindingFields
from trimtab.domain import labels
from trimtab.domain.binding import ownership
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.ownership import Owner
from trimtab.domain.binding.policies.policy import Denial
from trimtab.domain.binding.resource import Live
from trimtab.domain.objects import Object
from trimtab.domain.status import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A call that failed. `after`: seconds until it may be tried again; `stalled`: only a person can mend it."""

    reason: Reason
    message: str
    after: float
    stalled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at a ServiceBinding and all that belongs to it.

    `resource` is the raw object, `spec` the same parsed. `permit` is None for what is not outside the cluster. `others`
    are the other ServiceBindings of the namespace, raw. `looks` by key of the resource: what AWS said in this very
    round, None if it does not exist; no entry if it was not asked or did not answer (`troubles`). `recent` are pairs of
    key and token of writes that AWS answered so lately that a look need not show them yet.

    `secret` is the live Secret, None if there is none; `read` whether it was read. `users` are who uses the Secret.
    `ending`: the namespace or the CRD is being deleted, or may be for all we know, and no user asked for the end of
    this binding before. `revoked`: no workload has rights to it any more; `obstacle` is why not. `aspects` are
    conditions by others. `taken` are variables that it would inject and another binding does: variable -> its name.
    """

    resource: Object
    spec: BindingFields
    cluster: ClusterIdentity
    permit: Grant | Denial | None
    others: tuple[Object, ...] = ()
    looks: Mapping[str, Live | None] = field(default_factory=dict)
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    recent: frozenset[tuple[str, str]] = frozenset()
    secret: Object | None = None
    read: bool = False
    users: tuple[str, ...] = ()
    terminating: bool = False
    ending: bool = False
    revoked: bool = True
    obstacle: str = ""
    aspects: tuple[Condition, ...] = ()
    taken: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> Mapping[str, Any]:
        """The status as it was read."""
        return self.resource.get("status") or {}

    @property
    def deleting(self) -> bool:
        """Whether the ServiceBinding is being deleted."""
        return "deletionTimestamp" in self.resource["metadata"]

    @property
    def guarded(self) -> bool:
        """Whether it has the finalizer without which nothing is made outside the cluster."""
        return labels.BINDING_FINALIZER in (self.resource["metadata"].get("finalizers") or ())

    @property
    def owner(self) -> Owner:
        """The binding as tags name it."""
        metadata = self.resource["metadata"]
        return Owner(
            cluster=self.cluster.id, namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"]
        )

    @property
    def nonce(self) -> str:
        """The annotation that asks for a fresh look at everything."""
        return str((self.resource["metadata"].get("annotations") or {}).get(labels.RECONCILE, ""))

    @property
    def transfer_to(self) -> str:
        """Id of the cluster to which the binding's resources are to be handed over; empty: none."""
        to = (self.resource["metadata"].get("annotations") or {}).get(ownership.TRANSFER_TO, "")
        return "" if to == self.cluster.id else str(to)

    @property
    def heeded(self) -> bool:
        """Whether spec and nonce are those of the last report, so that what differs now was changed elsewhere."""
        generation = self.resource["metadata"].get("generation")
        return bool(
            self.status.get("observedGeneration") == generation and self.status.get("reconcile", "") == self.nonce
        )
