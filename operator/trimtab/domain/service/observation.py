"""Everything that a decision about a Microservice may depend on, gathered before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.binding.identity.view import IdentityView
from trimtab.domain.objects import Object, ObjectRef

PROXY_IMAGE = "docker.io/envoyproxy/envoy:distroless-v1.40.0"
"""The proxy that is used where the administrator names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlane:
    """Where the proxies of one GatewayClass run: peers that the NetworkPolicy of an exposed service admits.

    Either `namespace_selector` with `pod_selector` (label selectors) or `cidrs`.
    """

    gateway_class: str
    namespace_selector: Object | None = None
    pod_selector: Object | None = None
    cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """What the operator's administrator says about the cluster, as far as services depend on it."""

    data_planes: tuple[DataPlane, ...] = ()
    monitoring_namespace: str = ""
    load_balancer_cidrs: tuple[str, ...] = ()
    proxy_image: str = PROXY_IMAGE
    scrape_interval: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretContent:
    """What is known of a referenced Secret or ConfigMap: a digest of its content, never the content.

    `digest` is None if the object does not exist.
    """

    name: str
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at a Microservice and all that belongs to it.

    `resource` is the raw Microservice; `spec` the same parsed. `children` are the objects whose controlling owner is
    this Microservice (by UID), `pods` projections of its pods (metadata, spec.nodeName, status). `secrets` holds an
    entry for each Secret that the spec or a live revision refers to, by name. `served` says for each optional
    (apiVersion, kind) whether its API is installed. `job_logs` maps a failed Job's name to the tail of its log.
    `gateway` is the raw Gateway that `expose` names and `gateway_class` its class, if they could be read. `policy` is
    the raw CanaryRelease that acts for this Microservice. `endpoint_slices` are projections (metadata, endpoints) of
    those of its Services. `bindings` are the raw ServiceBindings whose workload it is; None: their API is not installed
    (any more), so nothing is known of them. `identity` is the state of its role in AWS, None where there are none.
    `injected` says whether a pod of its present ServiceAccount would get that identity; None: admission was not asked.
    `refusal` is what it said instead of an answer.
    """

    resource: Object
    spec: MicroserviceSpec
    children: Mapping[ObjectRef, Object]
    pods: tuple[Object, ...]
    secrets: Mapping[str, SecretContent] = field(default_factory=dict)
    served: frozenset[tuple[str, str]] = frozenset()
    job_logs: Mapping[str, str] = field(default_factory=dict)
    gateway: Object | None = None
    gateway_class: Object | None = None
    policy: Object | None = None
    endpoint_slices: tuple[Object, ...] = ()
    bindings: tuple[Object, ...] | None = ()
    identity: IdentityView | None = None
    injected: bool | None = None
    refusal: str = ""
    settings: ClusterSettings = field(default_factory=ClusterSettings)
