"""Microservices that must be refused: what differs from a good spec, and what the message must say.

Each message names the field, the value (unless the field is absent) and the remedy.
"""

from typing import Any, NamedTuple

Spec = dict[str, Any]


class Bad(NamedTuple):
    """`spec` is merged over `{image}`, a field that is None is left out; `says` are parts of the message."""

    id: str
    spec: Spec
    says: tuple[str, ...]


def port(number: int | str = 8080, name: str = "http", **more: Any) -> Spec:
    return {"ports": [{"name": name, "port": number, **more}]}


def volume(**source: Any) -> Spec:
    return {"volumes": [{"name": "data", "mountPath": "/data", **source}]}


def sidecar(name: str = "exporter", **more: Any) -> Spec:
    return {"sidecars": [{"name": name, "image": "example/exporter:1", **more}]}


def job(**more: Any) -> Spec:
    return {"jobs": [{"name": "migrate", "run": "BeforeRollout", **more}]}


def env(name: str = "LEVEL", **more: Any) -> Spec:
    return {"env": [{"name": name, **more}]}


def probe(**more: Any) -> Spec:
    return {"health": {"readiness": more}}


def resilience(**limits: Any) -> Spec:
    return {"resilience": limits}


def expose(**more: Any) -> Spec:
    return {"expose": {"gateway": {"name": "public"}, **more}}


GRPC = [{"name": "grpc", "port": 9000, "protocol": "GRPC"}]
EXACTLY_ONE = "exactly one of"

IMAGE = [
    Bad("image-missing", {"image": None}, ("spec.image", "Required value")),
    Bad("image-empty", {"image": ""}, ("spec.image", "''", "registry/repository:tag")),
    Bad("image-space", {"image": "orders :1"}, ("spec.image", "'orders :1'", "without spaces")),
    Bad("image-capitals", {"image": "r.example/Orders:1"}, ("spec.image", "'r.example/Orders:1'", "lower case")),
    Bad("image-digest", {"image": "r.example/orders@sha256:12"}, ("spec.image", "sha256:12", "digest")),
    Bad("image-number", {"image": 7}, ("spec.image", "integer", "string")),
    Bad("pull-policy", {"imagePullPolicy": "Sometimes"}, ("spec.imagePullPolicy", '"Sometimes"', '"IfNotPresent"')),
    Bad("pull-secret-name", {"imagePullSecrets": ["My Login"]}, ("imagePullSecrets[0]", "'My Login'", "lower-case")),
    Bad("pull-secret-twice", {"imagePullSecrets": ["a", "a"]}, ("imagePullSecrets[1]", '"a"', "Duplicate value")),
    Bad("command-text", {"command": "/app/orders"}, ("spec.command", "string", "array")),
]

PORTS = [
    Bad("port-zero", port(0), ("spec.ports[0].port", "0", "greater than or equal to 1")),
    Bad("port-large", port(65536), ("spec.ports[0].port", "65536", "less than or equal to 65535")),
    Bad("port-reserved", port(15001), ("spec.ports[0].port", "port 15001", "reserved", "another port")),
    Bad("port-text", port("80"), ("spec.ports[0].port", "string", "integer")),
    Bad("port-name-upper", port(name="HTTP"), ("spec.ports[0].name", "'HTTP'", "lower-case")),
    Bad("port-name-long", port(name="a-very-long-port-name"), ("spec.ports[0].name", "Too long", "15")),
    Bad("port-name-reserved", port(name="trimtab-metrics"), ("ports[0].name", "'trimtab-metrics'", "another name")),
    Bad("port-name-missing", {"ports": [{"port": 80}]}, ("spec.ports[0].name", "Required value")),
    Bad("port-protocol", port(protocol="UDP"), ("spec.ports[0].protocol", '"UDP"', '"TCP"')),
    Bad(
        "port-number-twice",
        {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]},
        ("spec.ports", "port 80", "twice", "a number of its own"),
    ),
    Bad(
        "port-name-twice",
        {"ports": [{"name": "a", "port": 80}, {"name": "a", "port": 81}]},
        ("spec.ports[1]", '"a"', "Duplicate value"),
    ),
]

ENVIRONMENT = [
    Bad("env-name", env("1ST", value="x"), ("spec.env[0].name", "'1ST'", "beginning with a letter")),
    Bad("env-reserved", env("TRIMTAB_MODE", value="x"), ("spec.env[0].name", "'TRIMTAB_MODE'", "another name")),
    Bad("env-nothing", env(), ("spec.env[0]", EXACTLY_ONE, "value and valueFrom", "got []")),
    Bad(
        "env-both",
        env(value="x", valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}),
        ("spec.env[0]", EXACTLY_ONE, '["value", "valueFrom"]'),
    ),
    Bad("env-number", env(value=1), ("spec.env[0].value", "integer", "string")),
    Bad("env-source-nothing", env(valueFrom={}), ("spec.env[0].valueFrom", EXACTLY_ONE, "secretKeyRef", "got []")),
    Bad(
        "env-source-both",
        env(valueFrom={"secretKeyRef": {"name": "a", "key": "b"}, "configMapKeyRef": {"name": "a", "key": "b"}}),
        ("spec.env[0].valueFrom", EXACTLY_ONE, '["secretKeyRef", "configMapKeyRef"]'),
    ),
    Bad(
        "env-secret-key-missing",
        env(valueFrom={"secretKeyRef": {"name": "a"}}),
        ("spec.env[0].valueFrom.secretKeyRef.key", "Required value"),
    ),
    Bad(
        "env-secret-namespace",
        env(valueFrom={"secretKeyRef": {"name": "a", "key": "b", "namespace": "other"}}),
        ("unknown field", "valueFrom.secretKeyRef.namespace"),
    ),
    Bad(
        "env-field",
        env(valueFrom={"fieldRef": {"fieldPath": "spec.image"}}),
        ("valueFrom.fieldRef.fieldPath", "'spec.image'", "metadata.name"),
    ),
    Bad(
        "env-resource",
        env(valueFrom={"resourceFieldRef": {"resource": "memory"}}),
        ("valueFrom.resourceFieldRef.resource", "'memory'", "limits.memory"),
    ),
    Bad(
        "env-twice",
        {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        ("spec.env[1]", '"A"', "Duplicate value"),
    ),
    Bad("env-from-nothing", {"envFrom": [{"prefix": "A_"}]}, ("spec.envFrom[0]", EXACTLY_ONE, "secretRef", "got []")),
    Bad(
        "env-from-prefix",
        {"envFrom": [{"prefix": "a b", "secretRef": {"name": "a"}}]},
        ("spec.envFrom[0].prefix", "'a b'", "use letters"),
    ),
]

FILES = [
    Bad("config-path", {"config": {"data": {"a": "b"}, "mountPath": "etc"}}, ("config.mountPath", "'etc'", "'/'")),
    Bad("config-no-path", {"config": {"data": {"a": "b"}}}, ("spec.config.mountPath", "Required value")),
    Bad(
        "config-key",
        {"config": {"data": {"a/b": "c"}, "mountPath": "/etc/orders"}},
        ("spec.config.data", "'a/b'", "use letters"),
    ),
    Bad(
        "config-on-change",
        {"config": {"data": {}, "mountPath": "/etc/orders", "onChange": "Restart"}},
        ("spec.config.onChange", '"Restart"', '"Rollout"'),
    ),
    Bad("volume-nothing", volume(), ("spec.volumes[0]", EXACTLY_ONE, "emptyDir", "got []")),
    Bad(
        "volume-both",
        volume(emptyDir={}, secret={"secretName": "a"}),
        ("spec.volumes[0]", EXACTLY_ONE, '["emptyDir", "secret"]'),
    ),
    Bad("volume-host-path", volume(hostPath={"path": "/"}), ("unknown field", "spec.volumes[0].hostPath")),
    Bad("volume-reserved", volume(name="trimtab-x", emptyDir={}), ("volumes[0].name", "'trimtab-x'", "another name")),
    Bad(
        "volume-relative",
        volume(mountPath="data", emptyDir={}),
        ("volumes[0].mountPath", "'data'", "begin it"),
    ),
    Bad("volume-root", volume(mountPath="/", emptyDir={}), ("volumes[0].mountPath", "'/'", "/var/cache")),
    Bad("volume-dots", volume(mountPath="/a/../b", emptyDir={}), ("volumes[0].mountPath", "'/a/../b'", "'..'")),
    Bad("volume-colon", volume(mountPath="/a:b", emptyDir={}), ("volumes[0].mountPath", "'/a:b'", "':'")),
    Bad("volume-sub-path", volume(subPath="../a", emptyDir={}), ("volumes[0].subPath", "'../a'", "'..'")),
    Bad("volume-size", volume(emptyDir={"sizeLimit": "64 MB"}), ("emptyDir.sizeLimit", '"64 MB"', "Ki|Mi|Gi")),
    Bad("volume-mode", volume(secret={"secretName": "a", "defaultMode": 777}), ("secret.defaultMode", "777", "511")),
    Bad(
        "volume-token-life",
        volume(projected={"sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 60}}]}),
        ("sources[0].serviceAccountToken.expirationSeconds", "60", "600"),
    ),
    Bad(
        "volume-projection-nothing",
        volume(projected={"sources": [{}]}),
        ("projected.sources[0]", EXACTLY_ONE, "serviceAccountToken", "got []"),
    ),
    Bad(
        "volume-path-twice",
        {
            "volumes": [
                {"name": "a", "mountPath": "/data", "emptyDir": {}},
                {"name": "b", "mountPath": "/data", "emptyDir": {}},
            ]
        },
        ("spec.volumes", "mountPath /data", "twice", "a path of its own"),
    ),
    Bad(
        "volume-path-of-config",
        {"config": {"data": {}, "mountPath": "/data"}, **volume(emptyDir={})},
        ("spec.config.mountPath", "/data", "another path"),
    ),
]

PODS = [
    Bad("cpu-word", {"resources": {"requests": {"cpu": "lots"}}}, ("resources.requests", '"lots"', "n|u|m|k")),
    Bad("cpu-negative", {"resources": {"requests": {"cpu": -1}}}, ("resources.requests", "-1", "or equal to 0")),
    Bad("resource-name", {"resources": {"limits": {"ram": "1Gi"}}}, ("resources.limits", "'ram'", "memory")),
    Bad(
        "request-above-limit",
        {"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "512Mi"}}},
        ("spec.resources", "memory, 1Gi", "limit, 512Mi", "raise the limit"),
    ),
    Bad("replicas-negative", {"replicas": -1}, ("spec.replicas", "-1", "greater than or equal to 0")),
    Bad("replicas-text", {"replicas": "two"}, ("spec.replicas", "string", "integer")),
    Bad(
        "scaling-above",
        {"scaling": {"min": 5, "max": 2, "cpu": "70%"}},
        ("scaling.min", "min 5", "max 2", "raise"),
    ),
    Bad("scaling-zero", {"scaling": {"min": 0, "max": 2, "cpu": "70%"}}, ("scaling.min", "0", "or equal to 1")),
    Bad("scaling-nothing", {"scaling": {"min": 1, "max": 2}}, ("spec.scaling", "cpu or memory", "cpu: 70%")),
    Bad("scaling-no-max", {"scaling": {"cpu": "70%"}}, ("spec.scaling.max", "Required value")),
    Bad("scaling-number", {"scaling": {"max": 2, "cpu": 70}}, ("spec.scaling.cpu", "integer", "string")),
    Bad("scaling-no-sign", {"scaling": {"max": 2, "cpu": "70"}}, ("spec.scaling.cpu", "'70'", "percent sign")),
    Bad("unavailable-none", {"availability": {"maxUnavailable": 0}}, ("maxUnavailable", "0", "or equal to 1")),
    Bad("unavailable-percent", {"availability": {"maxUnavailable": "0%"}}, ("maxUnavailable", '"0%"', "|100)%")),
    Bad("unavailable-fraction", {"availability": {"maxUnavailable": "2.5%"}}, ("maxUnavailable", '"2.5%"', "|100)%")),
    Bad("spread", {"availability": {"spread": "Rack"}}, ("availability.spread", '"Rack"', '"Zone"')),
    Bad("root", {"securityContext": {"runAsUser": 0}}, ("securityContext.runAsUser", "0", "root", "10001")),
    Bad("user-negative", {"securityContext": {"runAsUser": -1}}, ("securityContext.runAsUser", "-1", "or equal to 0")),
    Bad("privileged", {"securityContext": {"privileged": True}}, ("unknown field", "securityContext.privileged")),
    Bad("non-root", {"securityContext": {"runAsNonRoot": False}}, ("unknown field", "securityContext.runAsNonRoot")),
    Bad(
        "label-reserved",
        {"podMetadata": {"labels": {"trimtab.dev/revision": "x"}}},
        ("podMetadata.labels", "'trimtab.dev/revision'", "your own domain"),
    ),
    Bad(
        "annotation-reserved",
        {"podMetadata": {"annotations": {"app.kubernetes.io/name": "x"}}},
        ("podMetadata.annotations", "'app.kubernetes.io/name'", "your own domain"),
    ),
    Bad("label-key", {"podMetadata": {"labels": {"a b": "x"}}}, ("podMetadata.labels", "'a b'", "prefix/name")),
    Bad("label-value", {"podMetadata": {"labels": {"a": "x y"}}}, ("podMetadata.labels", "'x y'", "use letters")),
    Bad(
        "account-both",
        {"serviceAccount": {"name": "mine", "annotations": {"a": "b"}}},
        ("spec.serviceAccount", "annotate mine itself", "leave name out"),
    ),
    Bad(
        "toleration-no-key",
        {"placement": {"tolerations": [{"value": "shop"}]}},
        ("placement.tolerations[0]", "needs a key", "operator: Exists"),
    ),
    Bad(
        "toleration-value",
        {"placement": {"tolerations": [{"key": "a", "operator": "Exists", "value": "shop"}]}},
        ("placement.tolerations[0].value", "shop", "operator: Equal"),
    ),
    Bad(
        "affinity-values",
        {
            "placement": {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [{"matchExpressions": [{"key": "arch", "operator": "In"}]}]
                        }
                    }
                }
            }
        },
        ("matchExpressions[0]", "operator In needs values", "at least one"),
    ),
]

CONTAINERS = [
    Bad("sidecar-app", sidecar("app"), ("spec.sidecars[0].name", "'app'", "another name")),
    Bad("sidecar-reserved", sidecar("trimtab-proxy"), ("spec.sidecars[0].name", "'trimtab-proxy'", "another name")),
    Bad("sidecar-image", {"sidecars": [{"name": "a"}]}, ("spec.sidecars[0].image", "Required value")),
    Bad(
        "sidecar-port-taken",
        {**port(9000), **sidecar(ports=[{"name": "m", "port": 9000}])},
        ("spec.sidecars", "sidecar exporter", "use another"),
    ),
    Bad(
        "sidecar-default-port-taken",
        sidecar(ports=[{"name": "m", "port": 8080}]),
        ("spec.sidecars", "sidecar exporter", "use another"),
    ),
    Bad(
        "sidecar-unknown-volume",
        sidecar(volumeMounts=[{"name": "nope", "mountPath": "/x"}]),
        ("spec.sidecars", '"nope"', "add the volume"),
    ),
    Bad("sidecar-root", sidecar(securityContext={"runAsUser": 0}), ("sidecars[0].securityContext.runAsUser", "root")),
    Bad(
        "init-and-sidecar",
        {**sidecar("twin"), "initContainers": [{"name": "twin", "image": "example/a:1"}]},
        ("spec.sidecars", "named twin", "a name of its own"),
    ),
    Bad("init-ports", {"initContainers": [{"name": "a", "image": "a", "ports": []}]}, ("unknown field", "[0].ports")),
]

HEALTH = [
    Bad("probe-nothing", probe(), ("spec.health.readiness", EXACTLY_ONE, "path, grpc, tcp and exec", "got []")),
    Bad("probe-both", probe(path="/", tcp={}), ("spec.health.readiness", EXACTLY_ONE, '["path", "tcp"]')),
    Bad("probe-path", probe(path="readyz"), ("readiness.path", "'readyz'", "begin it with '/'")),
    Bad("probe-port", probe(tcp={}, port=80), ("readiness.port", "port 80 belongs to path", "tcp: {port: 80}")),
    Bad("probe-command", probe(exec={"command": []}), ("readiness.exec.command", "0", "at least 1")),
    Bad("probe-period", probe(path="/", periodSeconds=0), ("readiness.periodSeconds", "0", "or equal to 1")),
    Bad(
        "probe-timeout",
        probe(path="/", periodSeconds=5, timeoutSeconds=10),
        ("readiness.timeoutSeconds", "timeoutSeconds 10", "periodSeconds 5", "lower it"),
    ),
    Bad("probe-no-port", {"ports": [], **probe(path="/")}, ("health.readiness", "spec.ports is []", "use exec")),
    Bad(
        "probe-grpc-path",
        {"ports": GRPC, "health": {"liveness": {"path": "/livez"}}},
        ("health.liveness", "path /livez", "port 9000", "grpc: {}"),
    ),
    Bad("drain-short", {"shutdown": {"drain": "1s"}}, ("spec.shutdown.drain", "drain 1s", "2s or more")),
    Bad("drain-number", {"shutdown": {"drain": 10}}, ("spec.shutdown.drain", "integer", "string")),
    Bad("drain-unit", {"shutdown": {"drain": "10"}}, ("spec.shutdown.drain", "'10'", "such as 30s")),
    Bad("drain-fraction", {"shutdown": {"drain": "1.5m"}}, ("spec.shutdown.drain", "'1.5m'", "whole numbers")),
    Bad("drain-negative", {"shutdown": {"drain": "-5s"}}, ("spec.shutdown.drain", "'-5s'", "such as 30s")),
    Bad(
        "grace-short",
        {"shutdown": {"drain": "20s", "grace": "24s"}},
        ("spec.shutdown.grace", "grace 24s", "drain 20s + 5s", "raise grace"),
    ),
    Bad("grace-below-default", {"shutdown": {"grace": "12s"}}, ("spec.shutdown.grace", "grace 12s", "drain 10s")),
]

JOBS = [
    Bad("job-run", job(run="Always"), ("spec.jobs[0].run", '"Always"', '"OnDemand"')),
    Bad("job-no-run", {"jobs": [{"name": "a"}]}, ("spec.jobs[0].run", "Required value")),
    Bad("job-no-schedule", job(run="Schedule"), ("spec.jobs[0]", "job migrate", "0 3 * * *")),
    Bad("job-schedule", job(schedule="0 3 * * *"), ("spec.jobs[0].schedule", "'0 3 * * *'", "leave it out")),
    Bad("job-zone", job(run="OnDemand", timeZone="Europe/Berlin"), ("jobs[0].timeZone", "'Europe/Berlin'", "leave it")),
    Bad("job-four-fields", job(run="Schedule", schedule="0 3 * *"), ("jobs[0].schedule", "'0 3 * *'", "minute, hour")),
    Bad("job-hour", job(run="Schedule", schedule="0 24 * * *"), ("jobs[0].schedule", "'0 24 * * *'", "minute, hour")),
    Bad("job-deadline", job(deadline="0s"), ("spec.jobs[0].deadline", "'0s'", "longer duration")),
    Bad("job-retries", job(retries=-1), ("spec.jobs[0].retries", "-1", "or equal to 0")),
    Bad("job-name", job(name="Migrate"), ("spec.jobs[0].name", "'Migrate'", "lower-case")),
    Bad("job-long", job(name="j" * 48), ("spec.jobs", "jjjj", "50 characters", "shorten")),
    Bad(
        "job-twice",
        {"jobs": [{"name": "a", "run": "OnDemand"}, {"name": "a", "run": "OnDemand"}]},
        ("spec.jobs[1]", '"a"', "Duplicate value"),
    ),
]

NETWORK = [
    Bad(
        "peer-nothing",
        {"network": {"allowFrom": [{}]}},
        ("network.allowFrom[0]", EXACTLY_ONE, "microservice", "got []"),
    ),
    Bad(
        "peer-both",
        {"network": {"allowFrom": [{"microservice": "web", "podSelector": {}}]}},
        ("network.allowFrom[0]", EXACTLY_ONE, '["microservice", "podSelector"]'),
    ),
    Bad("peer-name", {"network": {"allowFrom": [{"microservice": "Web"}]}}, (".microservice", "'Web'", "lower-case")),
    Bad("cidr", {"network": {"allowTo": [{"cidr": "10.0.0.0"}]}}, ("allowTo[0].cidr", "'10.0.0.0'", "10.0.0.0/8")),
    Bad("cidr-bits", {"network": {"allowTo": [{"cidr": "10.0.0.0/33"}]}}, ("allowTo[0].cidr", "/33'", "10.0.0.0/8")),
    Bad(
        "cidr-port",
        {"network": {"allowTo": [{"cidr": "10.0.0.0/8", "ports": [70000]}]}},
        ("allowTo[0].ports[0]", "70000", "65535"),
    ),
    Bad("peer-ports", {"network": {"allowFrom": [{"microservice": "a", "ports": [1]}]}}, ("unknown field", "ports")),
    Bad(
        "gateway",
        {"expose": {"hosts": ["shop.example"]}},
        ("spec.expose", EXACTLY_ONE, "gateway and ingressClassName", "got []"),
    ),
    Bad(
        "expose-twice",
        expose(ingressClassName="alb"),
        ("spec.expose", EXACTLY_ONE, 'got ["gateway", "ingressClassName"]'),
    ),
    Bad(
        "ingress-class",
        {"expose": {"ingressClassName": "The ALB"}},
        ("expose.ingressClassName", "'The ALB'", "lower-case"),
    ),
    Bad(
        "ingress-rewrite",
        {"expose": {"ingressClassName": "alb", "paths": [{"prefix": "/a", "rewrite": "/"}]}},
        ("spec.expose.paths", "prefix /a", "leave rewrite out"),
    ),
    Bad(
        "ingress-timeout",
        {"expose": {"ingressClassName": "alb", "timeout": "5s"}},
        ("spec.expose.timeout", "timeout 5s", "leave it out"),
    ),
    Bad(
        "host-url",
        expose(hosts=["https://shop.example"]),
        ("hosts[0]", "'https://shop.example'", "without scheme"),
    ),
    Bad("host-address", expose(hosts=["10.1.2.3"]), ("expose.hosts[0]", "'10.1.2.3'", "host name")),
    Bad("host-twice", expose(hosts=["a.example", "a.example"]), ("expose.hosts[1]", '"a.example"', "Duplicate")),
    Bad("path-relative", expose(paths=[{"prefix": "orders"}]), ("paths[0].prefix", "'orders'", "begin it with '/'")),
    Bad("path-query", expose(paths=[{"prefix": "/a?b=c"}]), ("paths[0].prefix", "'/a?b=c'", "leave out query")),
    Bad("rewrite", expose(paths=[{"prefix": "/a", "rewrite": "b"}]), ("paths[0].rewrite", "'b'", "begin it with '/'")),
    Bad("path-twice", expose(paths=[{"prefix": "/a"}, {"prefix": "/a"}]), ("paths", "prefix /a", "leave one out")),
    Bad("expose-timeout", expose(timeout="soon"), ("expose.timeout", "'soon'", "such as 30s")),
    Bad("expose-worker", {"ports": [], **expose()}, ("spec.expose", "spec.ports is []", "add a port")),
    Bad("expose-tcp", {**port(protocol="TCP"), **expose()}, ("spec.expose", "http speaks TCP", "port first")),
    Bad("grpc-path", {"ports": GRPC, **expose(paths=[{"prefix": "/a"}])}, ("paths", "path /a", "leave paths out")),
    Bad("grpc-timeout", {"ports": GRPC, **expose(timeout="5s")}, ("expose.timeout", "timeout 5s", "leave it out")),
]

RESILIENCE = [
    Bad("limit-timeout", resilience(timeout="2 s"), ("resilience.timeout", "'2 s'", "such as 30s")),
    Bad("limit-no-time", resilience(timeout="0s"), ("resilience.timeout", "timeout 0s", "1ms or more")),
    Bad("limit-connections", resilience(maxConnections=0), ("resilience.maxConnections", "0", "greater than")),
    Bad("limit-pending", resilience(maxPending=5), ("resilience.maxPending", "needs maxConnections", "add it")),
    Bad("limit-rate", resilience(rateLimit={"requestsPerSecond": 0}), ("rateLimit.requestsPerSecond", "0", "greater")),
    Bad("limit-rate-empty", resilience(rateLimit={}), ("rateLimit.requestsPerSecond", "Required")),
    Bad("limit-worker", {"ports": [], **resilience()}, ("spec.resilience", "spec.ports is []", "add a port")),
    Bad(
        "limit-tcp", {**port(protocol="TCP"), **resilience(timeout="2s")}, ("resilience.timeout", "TCP", "leave it out")
    ),
    Bad("limit-retries", resilience(retries={"attempts": 2}), ("unknown field", "spec.resilience.retries")),
]

LATER = [
    Bad(f"later-{field}", {field: value}, ("unknown field", f"spec.{field}"))
    for field, value in (
        ("dependencies", []),
        ("telemetry", {}),
        ("discovery", {}),
        ("publishes", []),
        ("subscribes", []),
    )
]

BAD = [*IMAGE, *PORTS, *ENVIRONMENT, *FILES, *PODS, *CONTAINERS, *HEALTH, *JOBS, *NETWORK, *RESILIENCE, *LATER]
