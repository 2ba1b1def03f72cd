"""The roles that are assumed to act for a namespace, and their credentials, renewed in time.

There is a session for each role and namespace, not for each binding: that would cost a call of STS per binding and
hour. Its tags let policies of AWS tell namespaces and clusters apart (`aws:PrincipalTag/kubernetes-namespace`).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trimtab.domain.binding.grant import Grant

MOST = 512
"""Sessions that are kept; the one that was not used for the longest time goes."""

SECONDS = 3600
"""How long credentials last: the most that AWS allows if our own identity is an assumed role, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Whom a call is made as. Grants that differ in nothing else share a session."""

    arn: str
    external_id: str
    cluster: str
    namespace: str

    @classmethod
    def of(cls, grant: Grant) -> "Role":
        """The role of a grant."""
        return cls(arn=grant.role_arn, external_id=grant.external_id, cluster=grant.cluster, namespace=grant.namespace)

    @property
    def account(self) -> str:
        """The account that it belongs to."""
        return self.arn.split(":")[4]

    def request(self) -> dict[str, Any]:
        """The parameters of AssumeRole. A session's name has at most 64 characters; a tag without a value is left out.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        tags = {"kubernetes-namespace": self.namespace, "cluster": self.cluster}
        return {
            "RoleArn": self.arn,
            "RoleSessionName": f"trimtab-{self.namespace}".rstrip("-")[:64],
            "DurationSeconds": SECONDS,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items() if value],
            **({"ExternalId": self.external_id} if self.external_id else {}),
        }


class AssumedRoles:
    """Credentials by role. `security_token_service` makes a client of STS with the operator's own identity."""

    def __init__(self, security_token_service: Callable[[str], Any], *, most: int = MOST) -> None:
        self._sts = security_token_service
        self._most = most
        self._kept: OrderedDict[Role, Any] = OrderedDict()
        self._lock = threading.Lock()

    def credentials(self, role: Role, region: str) -> Any:
        """botocore's refreshable credentials of a role. STS is asked when they are first used, and again in time."""
        with self._lock:
            if role not in self._kept:
                self._kept[role] = self._deferred(role, region)
            self._kept.move_to_end(role)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return self._kept[role]

    def forget(self, role: Role) -> None:
        """Lets the next use ask STS anew."""
        with self._lock:
            self._kept.pop(role, None)

    def _deferred(self, role: Role, region: str) -> Any:
        from botocore.credentials import DeferredRefreshableCredentials

        def assume() -> dict[str, Any]:
            given = self._sts(region).assume_role(**role.request())["Credentials"]
            return {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }

        return DeferredRefreshableCredentials(refresh_using=assume, method="sts-assume-role")
