"""The way to Prometheus, put together from its settings."""

from collections.abc import Mapping

from trimtab.adapters.aws.clients import AwsError
from trimtab.adapters.aws.signing import Signer
from trimtab.adapters.prometheus.access import Basic, Bearer, Certificates, Credentials
from trimtab.adapters.prometheus.answers import QueryError
from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.shell.prometheus_settings import PrometheusSettings

_SERVICE = "aps"
"""By this name Amazon Managed Service for Prometheus is signed for."""


class Signed:
    """Credentials for Prometheus that are a signature by AWS."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """See trimtab.adapters.prometheus.access.Credentials."""
        try:
            return await self._signer.headers(url, body)
        except AwsError as error:
            raise QueryError("credentials", f"AWS gives no credentials for Prometheus ({error.code})") from None


def connect(settings: PrometheusSettings) -> PrometheusClient | None:
    """A client, made inside the event loop that it runs in; None without an address."""
    if not settings.url:
        return None
    certificates = Certificates(authority=settings.ca_file, certificate=settings.cert_file, key=settings.key_file)
    return PrometheusClient(settings.url, certificates=certificates, credentials=_credentials(settings))


def _credentials(settings: PrometheusSettings) -> Credentials | None:
    if settings.sigv4_region:
        return Signed(Signer(_SERVICE, settings.sigv4_region))
    if settings.token_file:
        return Bearer(settings.token_file)
    if settings.user and settings.password_file:
        return Basic(settings.user, settings.password_file)
    return None
