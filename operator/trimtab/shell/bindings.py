"""What bindings are kept by: their reconcilers, and the way to AWS."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trimtab.adapters.aws.identity import AwsRoles
from trimtab.adapters.kubernetes.cluster import KubernetesCluster
from trimtab.adapters.kubernetes.kinds import BINDING_POLICY, SERVICE_BINDING
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.objects import uid_of
from trimtab.ports.clock import Clock
from trimtab.ports.lease import Lease
from trimtab.ports.recorder import Recorder
from trimtab.reconcilers.binding.reconciler import BindingReconciler
from trimtab.reconcilers.identity.board import KIND as IDENTITY
from trimtab.reconcilers.identity.board import IdentityBoard
from trimtab.reconcilers.identity.reconciler import IdentityReconciler
from trimtab.reconcilers.policy import PolicyReconciler
from trimtab.reconcilers.queue import WorkQueue
from trimtab.reconcilers.run import Reconcile
from trimtab.shell.aws import Aws, connect_aws
from trimtab.shell.settings import Settings

FRESH = 0.75
"""How long looks at AWS are good, as a part of the resync: less than its shortest interval, which so is the poll."""

SYSTEM = "kube-system"
"""The namespace that every cluster has, and never makes anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bindings:
    """`board` is what the reconcilers tell each other and that of Microservices."""

    aws: Aws
    board: IdentityBoard
    reconcilers: Mapping[str, Reconcile]


def bindings(
    settings: Settings, cluster: KubernetesCluster, lease: Lease, recorder: Recorder, clock: Clock, queue: WorkQueue
) -> Bindings:
    """Wires them together; nothing is sent yet."""

    def noticed(arns: frozenset[str]) -> None:
        for key in keeper.noticed(arns):
            queue.add(key)

    identity, fresh = _identity(settings, cluster), FRESH * settings.resync
    aws, board = connect_aws(settings.aws, lease, noticed), IdentityBoard(queue.add)
    roles = AwsRoles(aws.access, identity)
    keeper = BindingReconciler(cluster, aws.cloud, recorder, clock, identity, board=board, fresh=fresh)
    policies = PolicyReconciler(cluster, aws.cloud, roles, recorder, clock, identity, fresh=fresh)
    identities = IdentityReconciler(cluster, roles, board, clock, identity, poll=fresh)
    return Bindings(
        aws=aws,
        board=board,
        reconcilers={
            SERVICE_BINDING.kind: keeper.reconcile,
            BINDING_POLICY.kind: policies.reconcile,
            IDENTITY: identities.reconcile,
        },
    )


def _identity(settings: Settings, cluster: KubernetesCluster) -> Callable[[], ClusterIdentity]:
    """Asked for each time, since the UID of the namespace is known only once the caches are primed."""
    region = settings.aws.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""

    def identity() -> ClusterIdentity:
        system = cluster.namespace(SYSTEM)
        return ClusterIdentity(
            id=settings.bindings.cluster_id or (uid_of(system) if system is not None else ""),
            name=settings.bindings.cluster_name,
            region=region,
            oidc_issuer=settings.bindings.oidc_issuer,
            endpoint_url=os.environ.get("AWS_ENDPOINT_URL", ""),
        )

    return identity
