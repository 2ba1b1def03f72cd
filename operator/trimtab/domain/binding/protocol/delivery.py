"""Who may deliver into a queue or topic: our statements of its policy, which stand beside those of others."""

from typing import Any

from trimtab.domain import names
from trimtab.domain.binding.place import Place

SID = "Trimtab"
"""Our statements have ids that begin so; all others are left as they are."""


def delivery(place: Place, action: str, arn: str) -> list[dict[str, Any]]:
    """One statement for each of the place's senders, by their ids: it may call `action` on `arn` for its resource.

    The ARN of a bucket names no account; there the account is asked for too, against a bucket of that name that was
    deleted and made anew by somebody else.
    """
    found = [_statement(place, action, arn, sender.principal, sender.arn) for sender in place.senders]
    return sorted(found, key=lambda each: str(each["Sid"]))


def _statement(place: Place, action: str, arn: str, principal: str, source: str) -> dict[str, Any]:
    condition: dict[str, Any] = {"ArnEquals": {"aws:SourceArn": source}}
    if place.account not in source.split(":"):
        condition["StringEquals"] = {"aws:SourceAccount": place.account}
    return {
        "Sid": f"{SID}{names.digest(source)}",
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": action,
        "Resource": arn,
        "Condition": condition,
    }
