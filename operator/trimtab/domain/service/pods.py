"""The pod template of a revision. Pods meet the Pod Security Standard `restricted`."""

from collections.abc import Iterable, Mapping
from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import labels
from trimtab.domain.quantity import canonical
from trimtab.domain.service import configmap, containers
from trimtab.domain.service.bindings import Bound, projected
from trimtab.domain.service.meta import Identity, filled
from trimtab.domain.service.proxy import container as proxy

_QUANTITIES = frozenset({"sizeLimit", "divisor"})
_QUANTITY_MAPS = frozenset({"requests", "limits"})


def template(
    owner: Identity, spec: MicroserviceSpec, revision: str, *, proxy_image: str = "", bound: Iterable[Bound] = ()
) -> dict[str, Any]:
    """The pod template, quantities in the API server's own form; without an image of the proxy, without a proxy."""
    pod = projected(_pod(owner, spec, revision, proxy_image), bound, without=proxy.NAME)
    metadata = {
        "labels": {
            **spec.pod_metadata.labels,
            **labels.of_object(owner.name),
            labels.COMPONENT: labels.SERVICE,
            labels.REVISION: revision,
        },
        "annotations": {
            **spec.pod_metadata.annotations,
            "kubectl.kubernetes.io/default-container": containers.APP,
        },
    }
    return {"metadata": metadata, "spec": _canonical(pod)}


def _pod(owner: Identity, spec: MicroserviceSpec, revision: str, proxy_image: str) -> dict[str, Any]:
    placement = spec.placement
    proxies = [proxy.container(spec, proxy_image)] if proxy_image else []
    configurations = [proxy.volume(owner, revision)] if proxy_image else []
    pod = {
        "containers": [
            containers.app(spec, proxied=bool(proxy_image)),
            *(containers.sidecar(each, spec) for each in spec.sidecars),
        ],
        "initContainers": [*proxies, *(containers.init(each, spec) for each in spec.init_containers)],
        "volumes": [*_volumes(owner, spec), *configurations],
        "imagePullSecrets": [{"name": name} for name in spec.image_pull_secrets],
        "serviceAccountName": spec.service_account.name or owner.name,
        "securityContext": _security(spec),
        "terminationGracePeriodSeconds": containers.whole_seconds(spec.shutdown.grace),
        "topologySpreadConstraints": _spread(owner, spec),
        "nodeSelector": dict(placement.node_selector),
        "tolerations": [toleration.to_json() for toleration in placement.tolerations],
        "affinity": _affinity(placement.affinity.to_json()),
        "priorityClassName": placement.priority_class_name,
    }
    return {**filled(pod), "automountServiceAccountToken": False, "enableServiceLinks": False}


def _security(spec: MicroserviceSpec) -> dict[str, Any]:
    context = spec.security_context
    given = {
        "runAsUser": context.run_as_user,
        "runAsGroup": context.run_as_group,
        "fsGroup": context.fs_group,
    }
    return {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        **{field: value for field, value in given.items() if value is not None},
    }


def _volumes(owner: Identity, spec: MicroserviceSpec) -> list[dict[str, Any]]:
    mount_fields = ("mountPath", "readOnly", "subPath")
    volumes = [
        {field: value for field, value in volume.to_json().items() if field not in mount_fields}
        for volume in spec.volumes
    ]
    if spec.config is not None:
        volumes.append({"name": configmap.VOLUME, "configMap": {"name": configmap.name(owner, spec.config)}})
    return volumes


def _spread(owner: Identity, spec: MicroserviceSpec) -> list[dict[str, Any]]:
    """Even, if the nodes allow it: a full zone must not keep pods from starting. Each revision counts for itself."""
    keys = {"Zone": ("topology.kubernetes.io/zone", "kubernetes.io/hostname"), "Node": ("kubernetes.io/hostname",)}
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels.of_serving_pods(owner.name)},
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in keys.get(spec.availability.spread, ())
    ]


def _affinity(affinity: Mapping[str, Any]) -> dict[str, Any]:
    """Kubernetes takes an absent labelSelector for no pod, this API for every pod of the namespace: write it out."""
    return {
        kind: rules if kind == "nodeAffinity" else {rule: [_term(term) for term in rules[rule]] for rule in rules}
        for kind, rules in affinity.items()
        if rules
    }


def _term(term: Mapping[str, Any]) -> dict[str, Any]:
    if "weight" in term:
        return {**term, "podAffinityTerm": _term(term["podAffinityTerm"])}
    return {"labelSelector": {}, **term}


def _canonical(value: Any) -> Any:
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _canonical_field(key, item) for key, item in value.items()}


def _canonical_field(key: str, value: Any) -> Any:
    if key in _QUANTITY_MAPS and isinstance(value, dict):
        return {resource: canonical(str(amount)) for resource, amount in value.items()}
    if key in _QUANTITIES:
        return canonical(str(value))
    return _canonical(value)
