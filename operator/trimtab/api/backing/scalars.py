"""Scalar types that several backing services share: spans of whole seconds, keys of AWS KMS, names of bindings."""

from typing import Annotated

from trimtab.api.meta import Rule, Text, cel_string
from trimtab.api.scalars import Name

NEW_BINDING = "make a new ServiceBinding, move to it, then delete this one"
"""The remedy where AWS cannot change a setting of something that exists."""

_SECONDS = "^([0-9]{1,5}(h|m|s)){1,3}$"

KmsKeyId = Annotated[
    str,
    Text(
        max_length=2048,
        pattern=r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?(alias/[A-Za-z0-9/_-]+|(key/)?[A-Za-z0-9-]+)$",
        is_not="a key of AWS KMS: write its ARN, its id or its alias, such as alias/orders",
    ),
]
KmsKey = Annotated[
    str,
    Text(
        max_length=2048,
        pattern=r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?[A-Za-z0-9-]+$",
        is_not="a key of AWS KMS: write its ARN or its id, not an alias",
    ),
]
BindingName = Name
"""The name of another ServiceBinding of the same namespace."""


WholeSeconds = Annotated[
    str,
    Text(
        max_length=18,
        pattern=_SECONDS,
        is_not="a duration of whole seconds: write numbers with the units h, m or s, such as 30s or 2m30s",
    ),
]


def between(low: str, high: str) -> Rule:
    """The rule that a duration of whole seconds is from `low` to `high`, which are durations themselves."""
    within = f"duration(self) >= duration({cel_string(low)}) && duration(self) <= duration({cel_string(high)})"
    return Rule(
        rule=f"!self.matches({cel_string(_SECONDS)}) || ({within})",
        message=f"'%s' is not between {low} and {high}, as AWS demands",
        values=("self",),
    )
