"""boto3's clients, and the few threads that they run in. boto3 is imported by the first call, not before."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

THREADS = 2
SECONDS = 5
"""How long a call may take to connect, and again to be answered."""


class AwsError(Exception):
    """A call that failed. `code` is AWS's own, such as `NotFound`, or boto3's; nothing else of the answer is kept."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class AwsClients:
    """Calls of AWS, at most `THREADS` at a time. Credentials and endpoints as boto3 finds them (AWS_ENDPOINT_URL)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self._clients: dict[tuple[str, str], Any] = {}

    async def call(self, service: str, region: str, operation: str, **parameters: Any) -> Any:
        """One call, without retries of its own: the caller has its own pace. Raises AwsError."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._call, service, region, operation, parameters)

    def close(self) -> None:
        """Begins no further call."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _call(self, service: str, region: str, operation: str, parameters: dict[str, Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client(service, region), operation)(**parameters)
        except ClientError as error:
            raise AwsError(str(error.response.get("Error", {}).get("Code", "Unknown"))) from None
        except BotoCoreError as error:
            raise AwsError(type(error).__name__) from None

    def _client(self, service: str, region: str) -> Any:
        import boto3
        from botocore.config import Config

        if (service, region) not in self._clients:
            config = Config(
                connect_timeout=SECONDS,
                read_timeout=SECONDS,
                retries={"mode": "standard", "total_max_attempts": 1},
                max_pool_connections=THREADS,
            )
            self._clients[service, region] = boto3.client(service, region_name=region, config=config)
        return self._clients[service, region]
