"""The CEL rules of a Microservice that look at more than one field."""

from trimtab.api.meta import Rule, quoted

_HAS_PORTS = "(!has(self.ports) || self.ports.size() > 0)"
_FIRST_PROTOCOL = "(has(self.ports) && self.ports.size() > 0 ? self.ports[0].protocol : 'HTTP')"
_FIRST_PORT = "(has(self.ports) && self.ports.size() > 0 ? self.ports[0].port : 8080)"

_PORTS = (
    Rule(
        rule="!has(self.ports) || self.ports.all(p, self.ports.exists_one(q, q.port == p.port))",
        message="a port number is given twice: give every port a number of its own",
        expression="'port ' + string(self.ports.filter(p, !self.ports.exists_one(q, q.port == p.port))[0].port) + "
        "' is given twice: give every port a number of its own'",
        field_path=".ports",
    ),
    Rule(
        rule="!has(self.sidecars) || self.sidecars.all(s, !has(s.ports) || s.ports.all(p, has(self.ports) ? "
        "!self.ports.exists(q, q.port == p.port) : p.port != 8080))",
        message="a sidecar's port is also one of spec.ports: containers of a pod share one address, so use another",
        expression="'sidecar ' + self.sidecars.filter(s, has(s.ports) && s.ports.exists(p, has(self.ports) ? "
        "self.ports.exists(q, q.port == p.port) : p.port == 8080))[0].name + ' listens on a port of the service: "
        "containers of a pod share one address, so use another port'",
        field_path=".sidecars",
    ),
)

_MOUNTS = (
    Rule(
        rule="!has(self.volumes) || self.volumes.all(v, self.volumes.exists_one(w, w.mountPath == v.mountPath))",
        message="a mountPath is given twice: mount every volume at a path of its own",
        expression="'mountPath ' + "
        "self.volumes.filter(v, !self.volumes.exists_one(w, w.mountPath == v.mountPath))[0].mountPath + "
        "' is given twice: mount every volume at a path of its own'",
        field_path=".volumes",
    ),
    Rule(
        rule="!has(self.config) || !has(self.volumes) || !self.volumes.exists(v, v.mountPath == self.config.mountPath)",
        message="config.mountPath is also that of a volume: use another path",
        expression="'mountPath ' + self.config.mountPath + ' is also that of a volume: use another path'",
        field_path=".config.mountPath",
    ),
)


def _known_mounts(field: str) -> Rule:
    """The rule that the containers of `field` mount only what spec.volumes holds."""
    known = "has(self.volumes) && self.volumes.exists(v, v.name == m.name)"
    unknown = f"has(c.volumeMounts) && c.volumeMounts.exists(m, !({known}))"
    container = f"self.{field}.filter(c, {unknown})[0]"
    return Rule(
        rule=f"!has(self.{field}) || !self.{field}.exists(c, {unknown})",
        message="a volumeMount names no entry of spec.volumes: add the volume or correct the name",
        expression=f"'container ' + {container}.name + ' mounts ' + "
        f"{quoted(f'{container}.volumeMounts.filter(m, !({known}))[0].name')} + "
        "', which spec.volumes does not hold: add the volume or correct the name'",
        field_path=f".{field}",
    )


_CONTAINERS = (
    _known_mounts("initContainers"),
    _known_mounts("sidecars"),
    Rule(
        rule="!has(self.sidecars) || !has(self.initContainers) || "
        "!self.sidecars.exists(s, self.initContainers.exists(i, i.name == s.name))",
        message="an init container has the same name: give every container of the pod a name of its own",
        expression="'an init container is also named ' + "
        "self.sidecars.filter(s, self.initContainers.exists(i, i.name == s.name))[0].name + "
        "': give every container of the pod a name of its own'",
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
            message=f"{name} has a path, but its port speaks GRPC: write grpc: {{}}, or give it an HTTP port",
            expression=f"'{name} asks for path ' + {probe}.path + ' on port ' + string({port}) + "
            "', which speaks GRPC: write grpc: {} instead of path, or give it an HTTP port'",
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
        message="expose leads to the first of spec.ports, which speaks TCP: put an HTTP, HTTP2 or GRPC port first",
        expression="'expose leads to the first of spec.ports, but ' + self.ports[0].name + ' speaks TCP: put an HTTP, "
        "HTTP2 or GRPC port first'",
        field_path=".expose",
    ),
    Rule(
        rule="!has(self.expose) || !has(self.expose.paths) || self.expose.paths.size() == 0 || "
        f"{_FIRST_PROTOCOL} != 'GRPC'",
        message="paths are not for GRPC, which is routed by host name: leave paths out, or put an HTTP port first",
        expression="'path ' + self.expose.paths[0].prefix + ' is not for GRPC, which is routed by host name: leave "
        "paths out, or put an HTTP port first'",
        field_path=".expose.paths",
    ),
    Rule(
        rule=f"!has(self.expose) || !has(self.expose.timeout) || {_FIRST_PROTOCOL} != 'GRPC'",
        message="timeout is not for GRPC, whose deadline the client sets: leave timeout out, or put an HTTP port first",
        expression="'timeout ' + self.expose.timeout + ' is not for GRPC, whose deadline the client sets: leave "
        "timeout out, or put an HTTP port first'",
        field_path=".expose.timeout",
    ),
)

SPEC_RULES = (
    *_PORTS,
    *_MOUNTS,
    *_CONTAINERS,
    *_probe_rules("readiness"),
    *_probe_rules("liveness"),
    *_probe_rules("startup"),
    *_EXPOSE,
)

_TOO_LONG = "size(self.metadata.name) + size(j.name) > 50"

OBJECT_RULES = (
    Rule(
        rule="size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message="metadata.name must have at most 40 lower-case letters, digits and '-', beginning with a letter",
        expression="'metadata.name ' + self.metadata.name + ' (' + string(size(self.metadata.name)) + ' characters) "
        "must have at most 40 lower-case letters, digits and -, beginning with a letter'",
    ),
    Rule(
        rule=f"!has(self.spec.jobs) || !self.spec.jobs.exists(j, {_TOO_LONG})",
        message="the name of a job and metadata.name have more than 50 characters together: shorten the job's name",
        expression=f"'the name of job ' + self.spec.jobs.filter(j, {_TOO_LONG})[0].name + ' and metadata.name have "
        "more than 50 characters together: shorten the name of the job'",
        field_path=".spec.jobs",
    ),
)
