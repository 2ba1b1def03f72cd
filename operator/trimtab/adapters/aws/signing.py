"""Signatures for requests that others send, with the operator's own AWS identity.

Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from trimtab.adapters.aws.clients import AwsError


class Signer:
    """Signs for one service in one region. Credentials are found as boto3 finds them, and renewed in time."""

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._region = region
        self._credentials: Any = None

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """Headers to add to a POST of `body`. Credentials may have to be fetched for them. Raises AwsError."""
        return await asyncio.to_thread(self._headers, url, body)

    def _headers(self, url: str, body: bytes) -> Mapping[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError
        from botocore.session import get_session

        try:
            if self._credentials is None:
                self._credentials = get_session().get_credentials()
            if self._credentials is None:
                raise AwsError("NoCredentials")
            request = AWSRequest(method="POST", url=url, data=body)
            SigV4Auth(self._credentials.get_frozen_credentials(), self._service, self._region).add_auth(request)
        except BotoCoreError as error:
            raise AwsError(type(error).__name__) from None
        return dict(request.headers)
