"""AWS Secrets Manager: one secret, whose value is made once and never looked at unless it is to be projected."""

import math
import re
from collections.abc import Mapping
from typing import Any

from trimtab.api.backing.secretsmanager import Generate, SecretsManager
from trimtab.api.scalars import parse_duration
from trimtab.api.servicebinding import Access
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.policies.rights import OWNED, WITH_OWNER, key_use
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.binding.service import Statement, Target

NAME_LIMIT = 512
DEFAULT_KEY = "alias/aws/secretsmanager"
RESERVED = frozenset({"type", "provider", "region", "arn", "secret-name", "endpoint-url"})
"""Entries of the binding itself; a member of the value with such a name is not projected."""

_ENTRY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_SECONDS_PER_DAY = 86_400

_READ = ("secretsmanager:GetSecretValue",)
_WRITE = ("secretsmanager:PutSecretValue",)
_ADMIN = ("secretsmanager:ListSecretVersionIds", "secretsmanager:UpdateSecretVersionStage")
_KNOW = ("secretsmanager:DescribeSecret",)


class SecretsManagerService:
    """See the protocol."""

    member = "secretsManager"
    type = "secretsmanager"
    key_actions = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
    """Without Encrypt, a change of the key would leave the present value under the former one."""

    def resources(self, spec: SecretsManager, place: Place) -> tuple[Resource, ...]:
        """One secret. A look reads its value only where it is projected."""
        asked = {"description": spec.description, "kmsKeyID": spec.kms_key_id}
        name = place.external("secret", limit=NAME_LIMIT)
        days = math.ceil(parse_duration(spec.recovery_window).total_seconds() / _SECONDS_PER_DAY)
        return (
            Resource(
                kind="secretsManager/secret",
                key="secret",
                name=name,
                arn=place.arn("secretsmanager", f"secret:{name}-??????"),
                address={"project": spec.project, "recoveryWindowInDays": str(days)},
                settings=place.declared("secret", asked, {"description": "", "kmsKeyID": DEFAULT_KEY}),
                creation={"generate": _generate(spec.generate)} if spec.generate else {},
                data=True,
            ),
        )

    def problem(self, spec: SecretsManager, targets: Mapping[str, Target]) -> str:
        """Nothing: the schema refuses what AWS would."""
        return ""

    def projection(self, spec: SecretsManager, place: Place, live: Mapping[str, Live]) -> Mapping[str, str]:
        """`arn`, `secret-name`, and for `project: Value` the value's members whose names can be those of files."""
        secret = live["secret"]
        members = {key: value for key, value in secret.outputs.items() if _ENTRY.fullmatch(key)}
        name = secret.arn.split(":", 6)[-1].rpartition("-")[0]  # AWS adds six characters to it in the ARN
        return {key: value for key, value in members.items() if key not in RESERVED} | {
            "arn": secret.arn,
            "secret-name": name,
        }

    def statements(
        self, spec: SecretsManager, place: Place, live: Mapping[str, Live], access: Access
    ) -> tuple[Statement, ...]:
        """Read is the value, Write to put another one in; Admin also moves the labels of versions."""
        read, write, admin = access != "Write", access != "Read", access == "Admin"
        actions = (*_KNOW, *(_READ if read else ()), *(_WRITE if write else ()), *(_ADMIN if admin else ()))
        key = spec.kms_key_id or ""
        keys = key_use(place, "secretsmanager", key, "kms:Decrypt", *(("kms:GenerateDataKey",) if write else ()))
        return (Statement(actions=actions, resources=(live["secret"].arn,)), *keys)

    def administration(self, prefix: str, partition: str) -> tuple[Statement, ...]:
        """To make, look at, tag, change, delete and restore secrets; values are read of those that a cluster owns."""
        secrets = (f"arn:{partition}:secretsmanager:*:*:secret:{prefix}*",)
        look = tuple(f"secretsmanager:{verb}" for verb in ("DescribeSecret", "TagResource", "UntagResource"))
        change = tuple(
            f"secretsmanager:{verb}" for verb in ("GetSecretValue", "UpdateSecret", "DeleteSecret", "RestoreSecret")
        )
        return (
            Statement(actions=look, resources=secrets),
            Statement(actions=("secretsmanager:CreateSecret",), resources=secrets, conditions=WITH_OWNER),
            Statement(actions=change, resources=secrets, conditions=OWNED),
            Statement(actions=("secretsmanager:GetRandomPassword",), resources=("*",)),
        )


def _generate(asked: Generate) -> dict[str, Any]:
    """The parameters of GetRandomPassword, and where its result belongs."""
    return {
        "key": asked.key,
        "template": dict(asked.template),
        "password": {
            "PasswordLength": asked.length,
            "ExcludeCharacters": asked.exclude_characters,
            "ExcludeLowercase": asked.exclude_lowercase,
            "ExcludeUppercase": asked.exclude_uppercase,
            "ExcludeNumbers": asked.exclude_numbers,
            "ExcludePunctuation": asked.exclude_punctuation,
        },
    }


SERVICE = SecretsManagerService()
