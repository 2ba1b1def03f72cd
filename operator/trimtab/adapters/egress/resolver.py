"""Name resolution that lets no forbidden address through. What it returns is connected to, without a second look-up."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from trimtab.adapters.egress.addresses import refusal
from trimtab.adapters.egress.allowlist import AllowList

THREADS = 4
"""Of its own: a dead name server delays whoever named the host, not the operator's other look-ups."""


class ForbiddenAddressError(OSError):
    """The host has an address that must not be connected to. One such address condemns the host as a whole."""


class GuardedResolver(AbstractResolver):
    """Resolves by the system's resolver, then checks every address. IP literals do not come by here."""

    def __init__(self, allowed: AllowList) -> None:
        self._allowed = allowed
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See aiohttp.abc.AbstractResolver. Raises ForbiddenAddressError, or OSError if there is no such host."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._look_up, host, port, family)
        opened = self._allowed.networks(host, port)
        for address, _, _ in found:
            if reason := refusal(address, opened):
                raise ForbiddenAddressError(f"{host} leads to a {reason} address")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=number,
                family=kind,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address, number, kind in found
        ]

    async def close(self) -> None:
        """See aiohttp.abc.AbstractResolver."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[tuple[str, int, socket.AddressFamily]]:
        infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        return [(str(address[0]), int(address[1]), kind) for kind, _, _, _, address in infos]
