"""Specs that must be accepted, by what they show."""

from typing import Any

FULL: dict[str, Any] = {
    "image": "registry.example/orders:1.4.2",
    "imagePullPolicy": "IfNotPresent",
    "imagePullSecrets": ["registry-login"],
    "command": ["/app/orders"],
    "args": ["--verbose"],
    "ports": [
        {"name": "http", "port": 8080, "protocol": "HTTP"},
        {"name": "grpc", "port": 9000, "protocol": "GRPC"},
        {"name": "raw", "port": 5000, "protocol": "TCP"},
    ],
    "env": [
        {"name": "LOG_LEVEL", "value": "info"},
        {"name": "EMPTY", "value": ""},
        {"name": "DB.PASSWORD", "valueFrom": {"secretKeyRef": {"name": "orders-db", "key": "password"}}},
        {"name": "FLAG", "valueFrom": {"configMapKeyRef": {"name": "flags", "key": "a", "optional": True}}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "TEAM", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['example.com/team']"}}},
        {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
    ],
    "envFrom": [
        {"prefix": "DB_", "secretRef": {"name": "orders-env"}},
        {"configMapRef": {"name": "a", "optional": True}},
    ],
    "config": {"data": {"FEATURE_X": "on", "app.yaml": "a: 1\n"}, "mountPath": "/etc/orders", "onChange": "Rollout"},
    "volumes": [
        {"name": "tmp", "emptyDir": {}, "mountPath": "/tmp"},
        {"name": "ram", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}, "mountPath": "/ram"},
        {"name": "flags", "configMap": {"name": "flags"}, "mountPath": "/etc/flags", "readOnly": True},
        {
            "name": "tls",
            "secret": {"secretName": "tls", "items": [{"key": "tls.crt", "path": "a/..b/crt", "mode": 256}]},
            "mountPath": "/etc/tls",
        },
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}, "mountPath": "/data", "subPath": "orders"},
        {
            "name": "all",
            "mountPath": "/all",
            "projected": {
                "sources": [
                    {"secret": {"name": "a"}},
                    {"configMap": {"name": "b", "optional": True}},
                    {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                    {"serviceAccountToken": {"path": "token", "audience": "vault"}},
                ]
            },
        },
    ],
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi", "nvidia.com/gpu": 1}},
    "replicas": 2,
    "scaling": {"min": 2, "max": 20, "cpu": "70%", "memory": "80%"},
    "health": {
        "readiness": {"path": "/readyz"},
        "liveness": {"grpc": {"port": 9000, "service": "orders"}, "periodSeconds": 5},
        "startup": {"path": "/readyz", "failureThreshold": 30},
    },
    "shutdown": {"drain": "10s", "grace": "30s"},
    "availability": {"spread": "Zone", "maxUnavailable": 1},
    "placement": {
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [
            {"key": "dedicated", "value": "shop", "effect": "NoExecute", "tolerationSeconds": 60},
            {"operator": "Exists"},
        ],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["4"]}]}]
                }
            },
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 50,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {"matchLabels": {"app": "cache"}},
                        },
                    }
                ]
            },
        },
        "priorityClassName": "",
    },
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/orders"}},
    "securityContext": {"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001, "readOnlyRootFilesystem": True},
    "podMetadata": {"labels": {"team": "shop"}, "annotations": {"example.com/owner": "shop team"}},
    "initContainers": [{"name": "wait", "image": "wait:1", "volumeMounts": [{"name": "tmp", "mountPath": "/x"}]}],
    "sidecars": [{"name": "exporter", "image": "example/exporter:1", "ports": [{"name": "metrics", "port": 9102}]}],
    "jobs": [
        {"name": "migrate", "run": "BeforeRollout", "command": ["/app/migrate"], "deadline": "10m", "retries": 2},
        {"name": "report", "run": "Schedule", "schedule": "0 3 * * *", "timeZone": "Europe/Berlin"},
        {"name": "reindex", "run": "OnDemand", "command": ["/app/reindex"], "resources": {"limits": {"memory": "1Gi"}}},
    ],
    "network": {
        "allowFrom": [{"microservice": "web"}, {"namespaceSelector": {}}, {"podSelector": {"matchLabels": {"a": "b"}}}],
        "allowTo": [{"cidr": "10.0.0.0/8", "ports": [5432]}, {"cidr": "2001:db8::/32"}, {"microservice": "stock"}],
    },
    "resilience": {
        "timeout": "1500ms",
        "maxConnections": 100,
        "maxPending": 0,
        "rateLimit": {"requestsPerSecond": 200},
    },
    "expose": {
        "gateway": {"name": "public", "namespace": "infra", "sectionName": "https"},
        "hosts": ["shop.example", "*.shop.example"],
        "paths": [{"prefix": "/orders", "rewrite": "/"}, {"prefix": "/"}],
        "timeout": "15s",
    },
    "suspend": False,
}


def cron(schedule: str) -> dict[str, Any]:
    return {"jobs": [{"name": "report", "run": "Schedule", "schedule": schedule}]}


GOOD: dict[str, dict[str, Any]] = {
    "everything": FULL,
    "image-only": {},
    "image-by-digest": {"image": f"registry.example:5000/a/b_c/orders@sha256:{'0' * 64}"},
    "worker": {"ports": []},
    "worker-with-exec-probe": {"ports": [], "health": {"liveness": {"exec": {"command": ["true"]}}}},
    "worker-with-port-in-probe": {"ports": [], "health": {"readiness": {"path": "/readyz", "port": 9090}}},
    "grpc-exposed": {
        "ports": [{"name": "grpc", "port": 9000, "protocol": "GRPC"}],
        "health": {"readiness": {"grpc": {}}},
        "expose": {"gateway": {"name": "public"}, "hosts": ["grpc.example"]},
    },
    "ingress-exposed": {
        "expose": {"ingressClassName": "alb", "hosts": ["shop.example"], "paths": [{"prefix": "/orders"}]},
        "health": {"readiness": {"path": "/readyz"}},
    },
    "ingress-exposed-grpc": {
        "ports": [{"name": "grpc", "port": 9000, "protocol": "GRPC"}],
        "expose": {"ingressClassName": "alb"},
    },
    "scaled-to-zero": {"replicas": 0},
    "autoscaled-without-replicas": {"scaling": {"max": 3, "memory": "150%"}},
    "existing-account": {"serviceAccount": {"name": "mine"}},
    "percent-unavailable": {"availability": {"spread": "None", "maxUnavailable": "25%"}},
    "long-shutdown": {"shutdown": {"drain": "1m30s", "grace": "1h"}},
    "least-shutdown": {"shutdown": {"drain": "2s", "grace": "7s"}},
    "millisecond-shutdown": {"shutdown": {"drain": "2500ms"}},
    "cpu-as-number": {"resources": {"requests": {"cpu": 1}, "limits": {"cpu": "1.5", "memory": "1e9"}}},
    "proxy-without-limits": {"resilience": {}},
    "limits-of-tcp": {"ports": [{"name": "raw", "port": 5000, "protocol": "TCP"}], "resilience": {"maxConnections": 9}},
    "no-egress": {"network": {"allowTo": []}},
    "empty-objects": {key: {} for key in ("resources", "health", "shutdown", "availability", "placement", "network")},
    "cron-names": cron("*/15 0-6,18-23 1 JAN-mar sun"),
    "cron-macro": cron("@daily"),
    "longest-job-name": {"jobs": [{"name": "j" * 44, "run": "OnDemand"}]},
}
