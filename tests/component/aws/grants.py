"""Grants for the emulator's account."""

from typing import Any

from tests.support.aws import ACCOUNT, REGION

from trimtab.domain.binding.grant import Grant

ROLE = f"arn:aws:iam::{ACCOUNT}:role/trimtab-shop"


def grant(**fields: Any) -> Grant:
    """What a policy gives the namespace shop; all services, names that begin with `acme-`."""
    known: dict[str, Any] = {
        "policy": "shop",
        "role_arn": ROLE,
        "external_id": "external",
        "region": REGION,
        "cluster": "c1",
        "namespace": "shop",
        "services": frozenset({"sqs", "sns", "dynamodb", "s3", "secretsManager"}),
        "prefix": "acme-",
    }
    return Grant(**known | fields)
