"""The CEL rules of a Microservice that look at more than one field."""

from trimtab.api.meta import Rule

_HAS_PORTS = "(!has(self.ports) || self.ports.size() > 0)"
_FIRST_PROTOCOL = "(has(self.ports) && self.ports.size() > 0 ? self.ports[0].protocol : 'HTTP')"
_FIRST_PORT = "(has(self.ports) && self.ports.size() > 0 ? self.ports[0].port : 8080)"

_REQUESTS, _LIMITS = "self.resources.requests", "self.resources.limits"
_PORT_TAKEN = (
    "has(s.ports) && s.ports.exists(p, has(self.ports) ? self.ports.exists(q, q.port == p.port) : p.port == 8080)"
)

_PORTS = (
    Rule(
        rule="!has(self.ports) || self.ports.all(p, self.ports.exists_one(q, q.port == p.port))",
        message="port %s is given twice: give every port a number of its own",
        values=("self.ports.filter(p, !self.ports.exists_one(q, q.port == p.port))[0].port",),
        field_path=".ports",
    ),
    Rule(
        rule=f"!has(self.sidecars) || !self.sidecars.exists(s, {_PORT_TAKEN})",
        message="sidecar %s listens on a port of the service: containers of a pod share an address, so use another",
        values=(f"self.sidecars.filter(s, {_PORT_TAKEN})[0].name",),
        field_path=".sidecars",
    ),
)

_MOUNTS = (
    Rule(
        rule="!has(self.volumes) || self.volumes.all(v, self.volumes.exists_one(w, w.mountPath == v.mountPath))",
        message="mountPath %s is given twice: mount every volume at a path of its own",
        values=("self.volumes.filter(v, !self.volumes.exists_one(w, w.mountPath == v.mountPath))[0].mountPath",),
        field_path=".volumes",
    ),
    Rule(
        rule="!has(self.config) || !has(self.volumes) || !self.volumes.exists(v, v.mountPath == self.config.mountPath)",
        message="mountPath %s is also that of a volume: use another path",
        values=("self.config.mountPath",),
        field_path=".config.mountPath",
    ),
)


def _known_mounts(field: str) -> Rule:
    """The rule that the containers of `field` mount only what spec.volumes holds."""
    unknown = "!has(self.volumes) || !self.volumes.exists(v, v.name == m.name)"
    return Rule(
        rule=f"!has(self.{field}) || self.{field}.all(c, !has(c.volumeMounts) || !c.volumeMounts.exists(m, {unknown}))",
        message=f"volumeMounts %s of {field} name no entry of spec.volumes: add the volume or correct the name",
        values=(f"self.{field}.map(c, has(c.volumeMounts), c.volumeMounts.map(m, {unknown}, m.name))",),
        field_path=f".{field}",
    )


_CONTAINERS = (
    _known_mounts("initContainers"),
    _known_mounts("sidecars"),
    Rule(
        rule="!has(self.sidecars) || !has(self.initContainers) || "
        "!self.sidecars.exists(s, self.initContainers.exists(i, i.name == s.name))",
        message="an init container is also named %s: give every container of the pod a name of its own",
        values=("self.sidecars.filter(s, self.initContainers.exists(i, i.name == s.name))[0].name",),
        field_path=".sidecars",
    ),
)


def _probe_rules(name: str) -> tuple[Rule, ...]:
    probe, at = f"self.health.{name}", f".health.{name}"
    absent = f"!has(self.health) || !has({probe})"
    portless = " || ".join(
        (
            f"(has({probe}.path) && !has({probe}.port))",
            f"(has({probe}.grpc) && !has({probe}.grpc.port))",
            f"(has({probe}.tcp) && !has({probe}.tcp.port))",
        )
    )
    port = f"(has({probe}.port) ? {probe}.port : {_FIRST_PORT})"
    return (
        Rule(
            rule=f"{_HAS_PORTS} || {absent} || !({portless})",
            message=f"{name} needs a port, but spec.ports is []: give the probe a port, or use exec",
            field_path=at,
        ),
        Rule(
            rule=f"{absent} || !has({probe}.path) || !has(self.ports) || "
            f"!self.ports.exists(p, p.protocol == 'GRPC' && p.port == {port})",
            message=f"{name} asks for path %s on port %s, which speaks GRPC: write grpc: {{}}, or give it an HTTP port",
            values=(f"{probe}.path", port),
            field_path=at,
        ),
    )


_EXPOSE = (
    Rule(
        rule=f"!has(self.expose) || {_HAS_PORTS}",
        message="expose needs a port, but spec.ports is []: add a port, or leave expose out",
        field_path=".expose",
    ),
    Rule(
        rule=f"!has(self.expose) || {_FIRST_PROTOCOL} != 'TCP'",
        message="expose leads to the first of spec.ports, but %s speaks TCP: put an HTTP, HTTP2 or GRPC port first",
        values=("self.ports[0].name",),
        field_path=".expose",
    ),
    Rule(
        rule="!has(self.expose) || !has(self.expose.paths) || self.expose.paths.size() == 0 || "
        f"{_FIRST_PROTOCOL} != 'GRPC'",
        message="path %s is not for GRPC, which is routed by host name: leave paths out, or put an HTTP port first",
        values=("self.expose.paths[0].prefix",),
        field_path=".expose.paths",
    ),
    Rule(
        rule=f"!has(self.expose) || !has(self.expose.timeout) || {_FIRST_PROTOCOL} != 'GRPC'",
        message="timeout %s is not for GRPC, whose deadline the client sets: leave it out, or put an HTTP port first",
        values=("self.expose.timeout",),
        field_path=".expose.timeout",
    ),
)


_ONLY_TCP = "(has(self.ports) && self.ports.all(p, p.protocol == 'TCP'))"
_RESILIENCE = (
    Rule(
        rule=f"!has(self.resilience) || {_HAS_PORTS}",
        message="resilience limits what comes in, but spec.ports is []: add a port, or leave resilience out",
        field_path=".resilience",
    ),
    *(
        Rule(
            rule=f"!has(self.resilience) || !has(self.resilience.{field}) || !{_HAS_PORTS} || !{_ONLY_TCP}",
            message=f"{field} is for requests, but every port speaks TCP: leave it out, or add an HTTP or GRPC port",
            field_path=f".resilience.{field}",
        )
        for field in ("timeout", "maxPending", "rateLimit")
    ),
)


def _within_limit(resource: str) -> Rule:
    """The rule that the container's request of `resource` is not above its limit.

    Other containers have no such rule, because in a list it would cost too much; their pods are refused instead.
    """
    has = " && ".join(("has(self.resources)", *(f"has({s}) && '{resource}' in {s}" for s in (_REQUESTS, _LIMITS))))
    request, limit = f"{_REQUESTS}['{resource}']", f"{_LIMITS}['{resource}']"
    valid = f"isQuantity(string({request})) && isQuantity(string({limit}))"
    return Rule(
        rule=f"!({has} && {valid}) || quantity(string({request})).compareTo(quantity(string({limit}))) <= 0",
        message=f"the request of {resource}, %s, is above its limit, %s: lower the request or raise the limit",
        values=(request, limit),
        field_path=".resources",
    )


SPEC_RULES = (
    *(_within_limit(resource) for resource in ("cpu", "memory", "ephemeral-storage")),
    *_PORTS,
    *_MOUNTS,
    *_CONTAINERS,
    *_probe_rules("readiness"),
    *_probe_rules("liveness"),
    *_probe_rules("startup"),
    *_EXPOSE,
    *_RESILIENCE,
)

_TOO_LONG = "size(self.metadata.name) + size(j.name) > 50"

OBJECT_RULES = (
    Rule(
        rule="size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message="metadata.name '%s' must have at most 40 lower-case letters, digits and '-', and begin with a letter",
        values=("self.metadata.name",),
    ),
    Rule(
        rule=f"!has(self.spec.jobs) || !self.spec.jobs.exists(j, {_TOO_LONG})",
        message="the name of job %s and metadata.name have more than 50 characters together: shorten one of them",
        values=(f"self.spec.jobs.filter(j, {_TOO_LONG})[0].name",),
        field_path=".spec.jobs",
    ),
)
