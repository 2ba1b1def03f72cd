"""Where the API server keeps the kinds that we deal with. A table instead of discovery: it costs no request."""

from dataclasses import dataclass

from trimtab.domain import labels
from trimtab.domain.binding.workload import KIND as BINDING
from trimtab.domain.objects import ObjectRef
from trimtab.domain.release.policy import KIND as POLICY
from trimtab.domain.service.meta import API_VERSION, GATEWAY_API_VERSION, KIND, MONITORING_API_VERSION
from trimtab.domain.traffic import registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object: `plural` is its name in URLs."""

    api_version: str
    kind: str
    plural: str

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.api_version.rpartition("/")[2]

    @property
    def root(self) -> str:
        """The path of the group and version."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"

    def ref(self, namespace: str, name: str) -> ObjectRef:
        """The reference of one object."""
        return ObjectRef(api_version=self.api_version, kind=self.kind, namespace=namespace, name=name)

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of a collection (no name), of all namespaces (no namespace either) or of one object."""
        parts = [self.root]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


MICROSERVICE = Kind(api_version=API_VERSION, kind=KIND, plural="microservices")
CANARY_RELEASE = Kind(api_version=API_VERSION, kind=POLICY, plural="canaryreleases")
SERVICE_BINDING = Kind(api_version=API_VERSION, kind=BINDING, plural="servicebindings")
BINDING_POLICY = Kind(api_version=API_VERSION, kind="BindingPolicy", plural="bindingpolicies")
NAMESPACE = Kind(api_version="v1", kind="Namespace", plural="namespaces")
DEFINITION = Kind(
    api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition", plural="customresourcedefinitions"
)
POD = Kind(api_version="v1", kind="Pod", plural="pods")
SECRET = Kind(api_version="v1", kind="Secret", plural="secrets")
LEASE = Kind(api_version="coordination.k8s.io/v1", kind="Lease", plural="leases")
EVENT = Kind(api_version="events.k8s.io/v1", kind="Event", plural="events")
ENDPOINT_SLICE = Kind(api_version="discovery.k8s.io/v1", kind="EndpointSlice", plural="endpointslices")
GATEWAY = Kind(api_version=GATEWAY_API_VERSION, kind="Gateway", plural="gateways")
GATEWAY_CLASS = Kind(api_version=GATEWAY_API_VERSION, kind="GatewayClass", plural="gatewayclasses")
POD_MONITOR = Kind(api_version=MONITORING_API_VERSION, kind="PodMonitor", plural="podmonitors")
INGRESS_CLASS = Kind(api_version="networking.k8s.io/v1", kind="IngressClass", plural="ingressclasses")

CHILDREN = (
    Kind(api_version="apps/v1", kind="ControllerRevision", plural="controllerrevisions"),
    Kind(api_version="apps/v1", kind="Deployment", plural="deployments"),
    Kind(api_version="autoscaling/v2", kind="HorizontalPodAutoscaler", plural="horizontalpodautoscalers"),
    Kind(api_version="batch/v1", kind="CronJob", plural="cronjobs"),
    Kind(api_version="batch/v1", kind="Job", plural="jobs"),
    Kind(api_version="networking.k8s.io/v1", kind="NetworkPolicy", plural="networkpolicies"),
    Kind(api_version="policy/v1", kind="PodDisruptionBudget", plural="poddisruptionbudgets"),
    Kind(api_version="v1", kind="ConfigMap", plural="configmaps"),
    Kind(api_version="v1", kind="Service", plural="services"),
    Kind(api_version="v1", kind="ServiceAccount", plural="serviceaccounts"),
)


def _plural(kind: str) -> str:
    """The name in URLs, by the rule that generators of CRDs follow (apimachinery, meta.UnsafeGuessKindToResource)."""
    lower = kind.lower()
    if lower.endswith("s"):
        return f"{lower}es"
    return f"{lower[:-1]}ies" if lower.endswith("y") else f"{lower}s"


ROUTES = tuple(Kind(api_version=version, kind=kind, plural=_plural(kind)) for version, kind in sorted(registry.KINDS))
"""What the providers of traffic control make."""

OPTIONAL = (*ROUTES, GATEWAY, POD_MONITOR, CANARY_RELEASE, SERVICE_BINDING, BINDING_POLICY)
"""Kinds whose API may be missing; a Microservice that needs one says so in a condition.

Our own later kinds are missing if the operator was upgraded before the CRDs: services must be kept all the same.
"""

CLUSTERED = (BINDING_POLICY, NAMESPACE)
"""Kinds without a namespace, which an operator that serves only some namespaces cannot watch."""

USERS = (MICROSERVICE, CANARY_RELEASE, SERVICE_BINDING, BINDING_POLICY, NAMESPACE, GATEWAY)
"""Kinds that users make, and that therefore lack the label of what we make."""

WATCHED = (MICROSERVICE, *CHILDREN, POD, ENDPOINT_SLICE, *OPTIONAL, NAMESPACE)

_OTHERS = (SECRET, LEASE, EVENT, GATEWAY_CLASS, INGRESS_CLASS, DEFINITION)
_TABLE = {(kind.api_version, kind.kind): kind for kind in (*WATCHED, *_OTHERS)}
_BY_PLURAL = {(kind.group, kind.plural): kind for kind in WATCHED}

MANAGED = labels.selector({labels.MANAGED_BY: labels.MANAGER})


def kind_of(ref: ObjectRef) -> Kind:
    """The entry of the table for a reference."""
    return _TABLE[ref.api_version, ref.kind]


def watched(*, clustered: bool) -> tuple[Kind, ...]:
    """The kinds to watch: all of them, or (not `clustered`) those that live in namespaces."""
    return WATCHED if clustered else tuple(kind for kind in WATCHED if kind not in CLUSTERED)


def watched_kind(group: str, plural: str) -> Kind | None:
    """The watched kind with that URL name, if any."""
    return _BY_PLURAL.get((group, plural))


def selector_of(kind: Kind) -> str:
    """The label selector that both our lists and kopf's watches use; empty for kinds that users make."""
    return "" if kind in USERS else MANAGED
