"""How Prometheus lets us in: certificates, and what is said in the header Authorization.

Secrets come from files that the operator's pod mounts, are read again when they change, and are never shown.
"""

import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trimtab.adapters.prometheus.answers import QueryError


class Credentials(Protocol):
    """What a request has to carry so that it is let in."""

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """Headers to add to a POST of `body`. Raises QueryError if there are none to be had."""


class Nothing:
    """Nobody asks."""

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """See Credentials."""
        return {}


class SecretFile:
    """A file that whoever rotates the secret replaces. A kubelet swaps a link, so its time and size tell of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._content = ""

    def read(self) -> str:
        """What is in it, without blanks around it. Raises QueryError, which names the file but nothing in it."""
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
            if seen != self._seen:
                self._content, self._seen = self._path.read_text().strip(), seen
        except (OSError, ValueError):
            raise QueryError("credentials", f"the file {self._path} cannot be read") from None
        if not self._content or not self._content.isprintable():
            raise QueryError("credentials", f"the file {self._path} holds no secret of one line")
        return self._content


class Bearer:
    """A token, such as that of a service account."""

    def __init__(self, token: Path) -> None:
        self._token = SecretFile(token)

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """See Credentials."""
        return {"Authorization": f"Bearer {self._token.read()}"}


class Basic:
    """A name and a password."""

    def __init__(self, user: str, password: Path) -> None:
        self._user = user
        self._password = SecretFile(password)

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """See Credentials."""
        pair = f"{self._user}:{self._password.read()}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files in PEM. `authority`: whom to trust instead of the well-known ones. The others are shown to the server."""

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """What a TLS connection begins with. Raises QueryError, which names the files but nothing in them."""
        try:
            context = ssl.create_default_context(cafile=self.authority)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError):
            names = ", ".join(str(file) for file in self.files)
            raise QueryError("credentials", f"the certificates {names} cannot be used") from None
        return context

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that there are."""
        return tuple(file for file in (self.authority, self.certificate, self.key) if file is not None)


class Renewed:
    """The context of TLS connections, made anew when a file changed, since certificates are renewed in place."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._seen: tuple[tuple[int, int], ...] | None = None
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The one to use now. Raises QueryError."""
        seen = tuple(_state(file) for file in self._certificates.files)
        if self._context is None or seen != self._seen:
            self._context, self._seen = self._certificates.context(), seen
        return self._context


def _state(file: Path) -> tuple[int, int]:
    try:
        state = file.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_ino


def _no_password() -> str:
    """Without it, an encrypted key would be asked for at the terminal."""
    raise ValueError("the key is encrypted")
