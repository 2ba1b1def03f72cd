"""Which addresses the operator connects to on behalf of a user. Pure; the classes are those of faults.md, SSRF.

An address that carries another one inside it (IPv4 mapped into IPv6, 6to4, Teredo, NAT64) is judged by both, since a
router may unwrap it.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix of https://www.rfc-editor.org/rfc/rfc6052."""

_CREDENTIALS = ip_network("fd00:ec2::/32")
"""Instance metadata and pod identity over IPv6 on AWS; over IPv4 they are link-local."""


def refusal(address: str, opened: Iterable[Network] = ()) -> str:
    """Why nothing connects to `address`; empty if it is public or lies in one of the `opened` networks.

    Link-local (metadata and credential endpoints among them), multicast and unspecified addresses are opened by
    nothing.
    """
    networks = tuple(opened)
    found = (_judge(each, networks) for each in _inside(ip_address(address.partition("%")[0])))
    return next((reason for reason in found if reason), "")


def _judge(address: Address, opened: tuple[Network, ...]) -> str:
    if address.is_link_local or address in _CREDENTIALS:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address.is_unspecified:
        return "unspecified"
    if any(address in network for network in opened):
        return ""
    if address.is_loopback:
        return "loopback"
    return "" if address.is_global and not address.is_reserved else "private"


def _inside(address: Address) -> Iterator[Address]:
    """The address that counts, then any that it carries. A mapped one is IPv4 and nothing else."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
        return
    if address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
        return
    yield address
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
