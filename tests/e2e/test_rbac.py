"""The operator's rights are what it needs: nothing it asked for was denied, nothing is granted without use."""

import os
from pathlib import Path

import pytest
from tests.e2e.installation import NAMESPACE, RELEASE
from tests.e2e.rights import Right, Usage, granted
from tests.support.kube import Kube

pytestmark = pytest.mark.alone

WATCHED = (
    "bindingpolicies.trimtab.dev",
    "canaryreleases.trimtab.dev",
    "configmaps",
    "controllerrevisions.apps",
    "cronjobs.batch",
    "deployments.apps",
    "endpointslices.discovery.k8s.io",
    "gateways.gateway.networking.k8s.io",
    "grpcroutes.gateway.networking.k8s.io",
    "horizontalpodautoscalers.autoscaling",
    "httproutes.gateway.networking.k8s.io",
    "ingresses.networking.k8s.io",
    "jobs.batch",
    "microservices.trimtab.dev",
    "namespaces",
    "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy",
    "pods",
    "serviceaccounts",
    "servicebindings.trimtab.dev",
    "services",
)
UNUSED: dict[Right, str] = {
    **{
        (resource, "get"): "read by name after a gap in a watch, and where a first apply finds the name taken"
        for resource in WATCHED
    },
    ("deployments.apps", "delete"): "pruned by a version of the operator that makes it under another name",
    ("poddisruptionbudgets.policy", "delete"): "pruned by a version of the operator that makes none any more",
    ("ingressclasses.networking.k8s.io", "get"): "asked for by a release through the AWS Load Balancer Controller",
    **{
        ("virtualservices.networking.istio.io", verb): "for releases through Istio, which is not in this cluster"
        for verb in ("create", "delete", "get", "list", "patch", "watch")
    },
    **{
        ("podmonitors.monitoring.coreos.com", verb): "for the Prometheus operator, which is not in this cluster"
        for verb in ("create", "delete", "get", "list", "patch", "watch")
    },
    ("leases.coordination.k8s.io", "create"): "made once; a cluster that was kept has it",
    ("microservices.trimtab.dev/finalizers", "update"): "asked for by OwnerReferencesPermissionEnforcement, off here",
    ("servicebindings.trimtab.dev/finalizers", "update"): "asked for by OwnerReferencesPermissionEnforcement, off here",
    ("pods", "create"): "as a dry run, where a BindingPolicy gives workloads an identity, which needs EKS",
    ("pods/eviction", "create"): "of pods that were admitted without such an identity",
}
"""Rights that this tier may leave unused, and why they are granted."""


@pytest.fixture
def usage() -> Usage:
    """What was asked for since the tier began, which `hack/test e2e` notes down."""
    begin = os.environ.get("TRIMTAB_AUDIT_BEGIN")
    if not begin:
        pytest.skip("only a run of the whole tier, in a cluster with an audit log, shows what is used: hack/test e2e")
    log = Path(os.environ["TRIMTAB_AUDIT_LOG"])
    return Usage(log, int(begin), f"system:serviceaccount:{NAMESPACE}:{RELEASE}")


@pytest.mark.usefixtures("images")
def test_nothing_was_denied(usage: Usage) -> None:
    assert usage.used, "the log is about this user"
    assert usage.denied == []


@pytest.mark.usefixtures("images")
async def test_nothing_is_granted_without_use(kube: Kube, usage: Usage) -> None:
    rights = await granted(kube, NAMESPACE, RELEASE)
    assert not [right for right in rights if "*" in right[0] + right[1]]
    assert rights - usage.used <= set(UNUSED)
