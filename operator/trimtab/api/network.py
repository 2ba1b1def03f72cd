"""Who may talk to a service, and to whom it may talk."""

from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule, Text, atomic, exactly_one_of
from trimtab.api.placement import LabelSelector
from trimtab.api.scalars import MicroserviceName, PortNumber

Cidr = Annotated[
    str,
    Text(max_length=43),
    Rule(
        rule="isCIDR(self)",
        message="'%s' is not a range of addresses: write address/bits, such as 10.0.0.0/8",
        values=("self",),
    ),
]

_PEERS = ("microservice", "podSelector", "namespaceSelector", "cidr")


class Peer(ApiModel):
    """Another party of the network: exactly one of the members."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one_of(*_PEERS),)

    microservice: MicroserviceName | None = Field(
        None, description="A Microservice of the same namespace, by name.", examples=["web"]
    )
    pod_selector: LabelSelector | None = Field(None, description="Pods of the same namespace; {} chooses all.")
    namespace_selector: LabelSelector | None = Field(
        None, description="All pods of the namespaces chosen by their labels; {} chooses every namespace."
    )
    cidr: Cidr | None = Field(None, description="A range of addresses, IPv4 or IPv6.", examples=["10.0.0.0/8"])


class Destination(Peer):
    """A party that the service may talk to: exactly one of the members, on all ports or on some."""

    ports: Annotated[tuple[PortNumber, ...], atomic(32)] = Field(
        (), description="TCP and UDP ports, 1 to 65535. Default: all.", examples=[[5432]]
    )


class Network(ApiModel):
    """The NetworkPolicy of the service."""

    allow_from: Annotated[tuple[Peer, ...], atomic(32)] = Field(
        (),
        description="Who may talk to the service, besides the Gateway that `expose` names and the monitoring "
        "namespace. Default: nobody else.",
        examples=[[{"microservice": "web"}]],
    )
    allow_to: Annotated[tuple[Destination, ...], atomic(32)] | None = Field(
        None,
        description="To whom the service may talk; then only to these, DNS and the credential endpoints of AWS. "
        "[] is nobody else. Default: to everybody.",
        examples=[[{"cidr": "10.0.0.0/8", "ports": [5432]}]],
    )
