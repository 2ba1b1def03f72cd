"""Random specs that the CRD would admit."""

from typing import Any

from hypothesis import strategies as st

_words = st.sampled_from(["alpha", "bravo", "delta", "gamma"])
_quantities = st.sampled_from(["100m", "0.5", "1000m", "2", "128Mi", "1024Mi", "1.5Gi", "500M"])


def _some(strategies: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


def _lists(strategy: st.SearchStrategy[Any], key: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=3, unique_by=lambda item: item[key])


_env = _lists(
    st.one_of(
        st.fixed_dictionaries({"name": _words.map(str.upper), "value": st.sampled_from(["", "info", "$(HOME)"])}),
        st.fixed_dictionaries(
            {
                "name": _words.map(str.upper),
                "valueFrom": st.sampled_from(
                    [
                        {"secretKeyRef": {"name": "db", "key": "password"}},
                        {"configMapKeyRef": {"name": "flags", "key": "x", "optional": True}},
                        {"fieldRef": {"fieldPath": "metadata.name"}},
                        {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1024Ki"}},
                    ]
                ),
            }
        ),
    ),
    "name",
)
_sources = st.sampled_from(
    [
        {"emptyDir": {}},
        {"emptyDir": {"medium": "Memory", "sizeLimit": "1024Mi"}},
        {"configMap": {"name": "flags", "optional": True}},
        {"secret": {"secretName": "tls", "items": [{"key": "tls.crt", "path": "crt"}]}},
        {"persistentVolumeClaim": {"claimName": "data"}},
        {"projected": {"sources": [{"secret": {"name": "db"}}, {"serviceAccountToken": {"path": "token"}}]}},
    ]
)
_volumes = _lists(
    st.builds(
        lambda name, source, read_only: {"name": name, "mountPath": f"/mnt/{name}", **source, **read_only},
        _words,
        _sources,
        st.sampled_from([{}, {"readOnly": True}, {"subPath": "sub"}]),
    ),
    "name",
)
_ports = st.sampled_from(
    [
        [],
        [{"name": "http", "port": 8080}],
        [{"name": "web", "port": 3000, "protocol": "HTTP2"}, {"name": "admin", "port": 9000, "protocol": "TCP"}],
        [{"name": "grpc", "port": 9090, "protocol": "GRPC"}],
    ]
)
_probe = st.sampled_from(
    [
        {"path": "/readyz", "port": 8080, "periodSeconds": 5},
        {"grpc": {"port": 9090, "service": "orders"}},
        {"tcp": {"port": 9090}, "failureThreshold": 30},
        {"exec": {"command": ["/app/check"]}},
    ]
)
_jobs = _lists(
    st.one_of(
        st.builds(lambda name: {"name": name, "run": "BeforeRollout", "command": ["/migrate"]}, _words),
        st.builds(lambda name: {"name": name, "run": "Schedule", "schedule": "0 3 * * *", "deadline": "5m"}, _words),
        st.builds(
            lambda name: {"name": name, "run": "OnDemand", "resources": {"requests": {"cpu": "0.5"}}, "retries": 0},
            _words,
        ),
    ),
    "name",
)
_peers = st.sampled_from(
    [
        {"microservice": "web"},
        {"podSelector": {"matchLabels": {"team": "shop"}}},
        {"namespaceSelector": {}},
        {"cidr": "10.0.0.0/8"},
    ]
)
_network = _some(
    {
        "allowFrom": st.lists(_peers, max_size=2),
        "allowTo": st.lists(
            st.builds(lambda peer, ports: {**peer, **ports}, _peers, st.sampled_from([{}, {"ports": [5432]}])),
            max_size=2,
        ),
    }
)
_containers = _lists(
    st.fixed_dictionaries(
        {"name": _words, "image": st.just("r.example/tool:1")},
        optional={"env": _env, "resources": st.just({"limits": {"memory": "1024Mi"}}), "args": st.just(["-v"])},
    ),
    "name",
)

_fields: dict[str, st.SearchStrategy[Any]] = {
    "imagePullPolicy": st.sampled_from(["Always", "IfNotPresent"]),
    "imagePullSecrets": st.just(["login"]),
    "command": st.just(["/app/orders"]),
    "env": _env,
    "envFrom": st.sampled_from(
        [[], [{"secretRef": {"name": "all"}}], [{"prefix": "P_", "configMapRef": {"name": "f"}}]]
    ),
    "config": st.builds(
        lambda value, change: {"data": {"x": value}, "mountPath": "/etc/orders", **change},
        _words,
        st.sampled_from([{}, {"onChange": "Ignore"}]),
    ),
    "volumes": _volumes,
    "resources": _some(
        {
            "requests": st.dictionaries(st.just("cpu"), _quantities),
            "limits": st.dictionaries(st.just("memory"), _quantities),
        }
    ),
    "health": _some({"readiness": _probe, "liveness": _probe, "startup": _probe}),
    "shutdown": st.sampled_from([{"drain": "2500ms"}, {"drain": "15s", "grace": "1m30s"}]),
    "availability": _some(
        {"spread": st.sampled_from(["Zone", "Node", "None"]), "maxUnavailable": st.sampled_from([2, "25%"])}
    ),
    "placement": st.sampled_from(
        [
            {"nodeSelector": {"kubernetes.io/arch": "arm64"}, "priorityClassName": "high"},
            {"tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}]},
            {
                "affinity": {
                    "podAntiAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}
                        ]
                    }
                }
            },
        ]
    ),
    "serviceAccount": st.sampled_from([{"name": "existing"}, {"annotations": {"a.example/role": "r"}}]),
    "securityContext": st.sampled_from([{"runAsUser": 10001, "fsGroup": 10001}, {"readOnlyRootFilesystem": True}]),
    "podMetadata": st.just({"labels": {"team": "shop"}, "annotations": {"a.example/owner": "shop"}}),
    "initContainers": _containers,
    "jobs": _jobs,
    "network": _network,
    "expose": st.sampled_from(
        [
            {"gateway": {"name": "public", "namespace": "infra"}, "hosts": ["shop.example"]},
            {
                "gateway": {"name": "public"},
                "paths": [{"prefix": "/orders", "rewrite": "/"}, {"prefix": "/o"}],
                "timeout": "15s",
            },
        ]
    ),
}


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A spec with any combination of fields that go together."""
    spec: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {"image": st.sampled_from(["r.example/orders:1", "r.example/orders:2"])}, optional=_fields
        )
    )
    size: dict[str, Any] = draw(
        st.sampled_from([{}, {"replicas": 0}, {"replicas": 3}, {"scaling": {"min": 2, "max": 5, "cpu": "70%"}}])
    )
    ports = draw(st.none() | _ports)
    if ports is not None:
        spec["ports"] = ports
        if not ports:
            spec.pop("expose", None)
    return {**spec, **size}
