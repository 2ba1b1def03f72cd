"""Routings to try providers with: any spec, any share, and whatever a release may ask for beside it."""

from typing import Any

from hypothesis import strategies as st

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.service.meta import Identity
from trimtab.domain.traffic.provider import Routing

OWNER = Identity(name="orders", namespace="shop", uid="uid-0")
STABLE, CANDIDATE = "orders-aaaaaaaaaa", "orders-bbbbbbbbbb"
HEADER = {"header": {"name": "x-canary", "exact": "1"}}
COOKIE = {"cookie": {"name": "beta.user", "exact": "yes+no"}}
GATEWAY = {"gateway": {"name": "public", "namespace": "infra"}}


def spec(**fields: Any) -> MicroserviceSpec:
    """A spec that the Gateway `public` exposes, unless `fields` say otherwise."""
    return MicroserviceSpec.model_validate({"image": "registry.example/orders:1", "expose": GATEWAY, **fields})


def routing(of: MicroserviceSpec | None = None, **fields: Any) -> Routing:
    """A routing in the middle of a release."""
    usual = {"stable": STABLE, "candidate": CANDIDATE, "release": "bbbbbbbbbb"}
    return Routing(owner=OWNER, spec=of or spec(), **{**usual, **fields})


@st.composite
def routings(draw: st.DrawFn, exposes: st.SearchStrategy[dict[str, Any] | None]) -> Routing:
    """Any routing that a release may ask for, of a service with HTTP or gRPC."""
    protocol = draw(st.sampled_from(["HTTP", "HTTP2", "GRPC"]))
    expose = draw(exposes)
    if expose is not None and protocol == "GRPC":
        expose = {field: value for field, value in expose.items() if field not in ("paths", "timeout")}
    ports = [{"name": "main", "port": 8080, "protocol": protocol}, {"name": "admin", "port": 9090}]
    mirror = draw(st.sampled_from([0, 0, 1, 50, 100]))
    return routing(
        spec(ports=ports, expose=expose),
        candidate=draw(st.sampled_from([CANDIDATE, CANDIDATE, ""])),
        weight=0 if mirror else draw(st.integers(0, 100)),
        matches=() if mirror else draw(st.sampled_from([(), (HEADER,), (COOKIE,), (HEADER, COOKIE)])),
        mirror=mirror,
        mirror_unsafe=draw(st.booleans()),
        cookie_max_age=draw(st.sampled_from([0, 1, 3600])),
    )


def gateways() -> st.SearchStrategy[dict[str, Any] | None]:
    """Ways of being exposed by a Gateway, or not at all (a mesh)."""
    paths = st.sampled_from([[], [{"prefix": "/orders", "rewrite": "/"}], [{"prefix": "/a"}, {"prefix": "/b"}]])
    exposes = st.fixed_dictionaries(
        {"paths": paths}, optional={"hosts": st.just(["shop.example"]), "timeout": st.just("15s")}
    )
    return st.none() | exposes.map(lambda fields: {**GATEWAY, **fields})
