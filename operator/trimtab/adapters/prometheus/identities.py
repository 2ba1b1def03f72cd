"""By which labels a series is told to be of a revision, and which scraped process it is of. Pure.

An identity names its labels, the values that revisions have there, and reads an owner from the labels of a series that
came back. What a selector selects beyond what was asked for is left out by that.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from trimtab.domain import names
from trimtab.domain.release.counting.counters import Arm

Owner = tuple[str, ...]
Labels = Mapping[str, str]

LISTENER = "envoy_http_conn_manager_prefix"

_RANDOM = 5
"""Characters that the API server appends to the name of a ReplicaSet to name a pod."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """`matchers`: for each label the expressions of values that it has for an arm. `owner`: whose a series is.

    `own`: whether processes are the revision's own pods; else they are a router's.
    """

    matchers: Callable[[Arm], Mapping[str, str]]
    key: Callable[[Arm], Owner]
    owner: Callable[[Labels], Owner | None]
    own: bool = True


def sound(arm: Arm) -> bool:
    """Whether Kubernetes would allow such names."""
    return all(_NAME.fullmatch(part) for part in arm)


def matchers(identity: Identity, arms: Iterable[Arm]) -> dict[str, list[str]]:
    """Alternatives by label that select at least the series of these arms.

    Raises ValueError for names that Kubernetes would not allow: nothing else may get into a query.
    """
    found: dict[str, set[str]] = {}
    for arm in arms:
        if not sound(arm):
            raise ValueError(f"{arm} has names that cannot be of anything in Kubernetes")
        for label, expression in identity.matchers(arm).items():
            found.setdefault(label, set()).add(expression)
    return {label: sorted(expressions) for label, expressions in found.items()}


def _proxy(arm: Arm) -> Mapping[str, str]:
    return {
        "namespace": arm.namespace,
        "trimtab_namespace": arm.namespace,
        "trimtab_microservice": arm.microservice,
        "trimtab_revision": arm.revision,
        LISTENER: arm.listener,
    }


def _proxy_owner(labels: Labels) -> Owner | None:
    """`namespace` is what the scraper says, the rest what the pod says: they have to agree."""
    if labels.get("namespace") != labels.get("trimtab_namespace"):
        return None
    return tuple([labels.get(label, "") for label in _OWN])


_OWN = ("trimtab_namespace", "trimtab_microservice", "trimtab_revision", LISTENER)


def _service(arm: Arm) -> Owner:
    """The Service and Deployment of one revision."""
    return arm.namespace, names.revision_arm(arm.microservice, arm.revision)


def _pods(arm: Arm) -> Mapping[str, str]:
    namespace, deployment = _service(arm)
    return {"namespace": namespace, "pod": f"{deployment}-.+"}


def _pods_owner(labels: Labels) -> Owner | None:
    """A pod is named after its ReplicaSet, a Deployment's name with a hash, which is cut off beyond 58 characters.

    A series that says itself which revision it is of is believed only if the name of its pod says the same.
    """
    stem, dash, rest = labels.get("pod", "").rpartition("-")
    if len(rest) == _RANDOM:
        stem, dash, rest = stem.rpartition("-")
    if not dash or labels.get("trimtab_revision", stem[-names.HASH_LENGTH :]) != stem[-names.HASH_LENGTH :]:
        return None
    return labels.get("namespace", ""), stem


def _contour(arm: Arm) -> Mapping[str, str]:
    """`<namespace>_<service>_<port>`, none of which has a `_` (Contour: AltStatName)."""
    return {"envoy_cluster_name": f"{'_'.join(_service(arm))}_[0-9]+"}


def _contour_owner(labels: Labels) -> Owner | None:
    parts = labels.get("envoy_cluster_name", "").split("_")
    return (parts[0], parts[1]) if len(parts) == 3 and parts[2].isdigit() else None


def _envoy_gateway(arm: Arm) -> Mapping[str, str]:
    """`service/<namespace>/<service>/<port>`, perhaps with a protocol: only with `mergeBackends` in its EnvoyProxy.

    Without it, a cluster is a rule of a route, with all of its backends.
    """
    return {"envoy_cluster_name": f"service/{'/'.join(_service(arm))}/[0-9]+(/.+)?"}


def _envoy_gateway_owner(labels: Labels) -> Owner | None:
    parts = labels.get("envoy_cluster_name", "").split("/")
    return (parts[1], parts[2]) if len(parts) >= 4 and parts[0] == "service" else None


def _istio(arm: Arm) -> Mapping[str, str]:
    """By whoever sent the request, since only it knows to which Service, and of those that nobody answered."""
    namespace, service = _service(arm)
    return {"reporter": "source", "destination_service_namespace": namespace, "destination_service_name": service}


def _istio_owner(labels: Labels) -> Owner | None:
    if labels.get("reporter") != "source":
        return None
    return labels.get("destination_service_namespace", ""), labels.get("destination_service_name", "")


def _nginx(arm: Arm) -> Mapping[str, str]:
    """The scraper renames labels that it sets itself, unless told to honour those of the controller."""
    return {"exported_namespace": f"{arm.namespace}|", "ingress": ".+"}


def _nginx_owner(labels: Labels) -> Owner | None:
    """`service` is that of the main Ingress, also for requests that went to the canary's, which `canary` names.

    That is `<namespace>-<service>-<port>`; a port's name with a `-` is not understood.
    """
    namespace = labels.get("exported_namespace", labels.get("namespace", ""))
    canary = labels.get("canary", "").removeprefix("-")
    if canary.startswith(f"{namespace}-"):
        return namespace, canary.removeprefix(f"{namespace}-").rpartition("-")[0]
    return None if canary else (namespace, labels.get("exported_service", labels.get("service", "")))


IDENTITIES: Mapping[str, Identity] = {
    "Proxy": Identity(matchers=_proxy, key=tuple, owner=_proxy_owner),
    "Pods": Identity(matchers=_pods, key=_service, owner=_pods_owner),
    "Contour": Identity(matchers=_contour, key=_service, owner=_contour_owner, own=False),
    "EnvoyGateway": Identity(matchers=_envoy_gateway, key=_service, owner=_envoy_gateway_owner, own=False),
    "Istio": Identity(matchers=_istio, key=_service, owner=_istio_owner, own=False),
    "NGINX": Identity(matchers=_nginx, key=_service, owner=_nginx_owner, own=False),
}

_COPY = ("job", "instance", "prometheus", "prometheus_replica")
"""Labels that tell targets and copies apart. Others that targets have, services use for dimensions of their own."""


def process(identity: Identity, labels: Labels) -> tuple[str, tuple[str, ...]]:
    """The pod of a scraped process, and which of several scrapes or copies it is."""
    pod, copy = labels.get("pod", ""), tuple([labels.get(label, "") for label in _COPY])
    if identity.own:
        return pod, copy
    return (f"{labels.get('namespace', '')}/{pod}" if pod else labels.get("instance", "")), copy
