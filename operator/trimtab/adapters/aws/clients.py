"""boto3's clients: how each is made, and those for calls with the operator's own identity.

botocore is imported by the first call, not before.
"""

import os
import threading
from functools import cache
from typing import Any

from trimtab import __version__
from trimtab.adapters.aws.threads import Threads

THREADS = 2
CONNECT_SECONDS = 3.0
"""How long a connection may take."""

READ_SECONDS = 10.0
"""How long an answer may take."""


class AwsError(Exception):
    """A call that failed. `code` is AWS's own, such as `NotFound`, or boto3's; nothing else of the answer is kept."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def make(
    service: str,
    region: str,
    *,
    credentials: Any = None,
    attempts: int = 3,
    connections: int = 10,
    read_seconds: float = READ_SECONDS,
) -> Any:
    """A client, in about 20 ms. The only place where one is made; service models are read once for all of them.

    Without `credentials` it has the operator's own identity. Endpoints are as boto3 finds them (AWS_ENDPOINT_URL).
    """
    from botocore.config import Config
    from botocore.credentials import CredentialResolver
    from botocore.session import Session

    session = Session()
    session.register_component("data_loader", _models())
    if credentials is not None:
        session.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        user_agent_extra=f"trimtab/{__version__}",
        s3={"addressing_style": "path"} if _elsewhere() else None,
    )
    client = session.create_client(service, region_name=region, config=config)
    client.meta.events.register("before-parse", _whole)
    return client


class AwsClients:
    """Calls with the operator's own identity, at most `THREADS` at a time."""

    def __init__(self) -> None:
        self._threads = Threads(THREADS, "aws")
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    async def call(self, service: str, region: str, operation: str, **parameters: Any) -> Any:
        """One call, without retries of its own: the caller has its own pace. Raises AwsError."""
        return await self._threads.run(lambda: self._call(service, region, operation, parameters))

    def close(self) -> None:
        """Begins no further call."""
        self._threads.close()

    def _call(self, service: str, region: str, operation: str, parameters: dict[str, Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client(service, region), operation)(**parameters)
        except ClientError as error:
            raise AwsError(str(error.response.get("Error", {}).get("Code", "Unknown"))) from None
        except BotoCoreError as error:
            raise AwsError(type(error).__name__) from None

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = make(service, region, attempts=1, connections=THREADS)
            return self._clients[service, region]


class _Given:
    """A provider, as botocore's resolver asks one, of credentials that are there."""

    METHOD = CANONICAL_NAME = "trimtab"

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def load(self) -> Any:
        return self._credentials


@cache
def _models() -> Any:
    from botocore.session import Session

    return Session().get_component("data_loader")


def _whole(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Raises for an answer that broke off. botocore would read it as an empty one: nothing is there."""
    from botocore.exceptions import ConnectionClosedError

    body, length = response_dict["body"], response_dict["headers"].get("content-length")
    if length is None or not isinstance(body, bytes) or operation_model.http.get("method") == "HEAD":
        return
    if int(length) != len(body):
        raise ConnectionClosedError(endpoint_url=operation_model.service_model.service_name)


def _elsewhere() -> bool:
    """Whether S3 is not Amazon's, so that names of buckets below its host need not resolve."""
    return any(os.environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
