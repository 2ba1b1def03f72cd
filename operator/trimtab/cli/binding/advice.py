"""What to do about a ServiceBinding that is not bound, by the reason that its status gives."""

import re
from collections.abc import Iterator

from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object

_ARN = re.compile(r"arn:[a-z-]+:[^\s;,]+")
_AGAIN = "kubectl annotate servicebinding {name} -n {namespace} --overwrite trimtab.dev/reconcile=$(date +%s)"

_ADOPT = "trimtab binding adopt {name} {arn} -n {namespace}"
_ADMITTED = "see that `adoptable` of BindingPolicy {policy} admits it, then"
_NOTHING_THERE = "correct spec.adopt: there is no such resource in that account and region, or the role cannot see it"

_ADVICE: dict[str, tuple[str, ...]] = {
    Reason.POLICY_DENIED: (
        "change the spec to what the message permits, or ask an administrator to permit it in a BindingPolicy",
        "kubectl get bindingpolicies",
    ),
    Reason.NOT_OURS: ("rename the ServiceBinding, or have who owns the resource hand it over",),
    Reason.CLOUD_DENIED: ("trimtab policy iam {policy} --only role",),
    Reason.CLOUD_QUOTA_EXCEEDED: ("raise the quota in AWS, then", _AGAIN),
    Reason.CLOUD_INVALID: ("change the spec as the message says",),
    Reason.DRIFT_CONFLICT: ("find out who changes it (AWS CloudTrail), then", _AGAIN),
    Reason.IMMUTABLE_CHANGE: ("set the field back, or make a new ServiceBinding and move to it",),
    Reason.IN_USE: ("take the binding out of what uses its Secret; the deletion goes on by itself",),
    Reason.NOT_EMPTY: ("empty it, or set spec.deletionPolicy: Retain",),
    Reason.RESOURCE_MISSING: ("set spec.drift: Remediate to have it made anew, empty",),
    Reason.RESOURCE_FAILED: ("delete it in AWS, then", _AGAIN),
    Reason.KEY_NOT_FOUND: ("name a key in spec.inject that the Secret has, or add that key to the Secret",),
    Reason.SECRET_NOT_FOUND: ("make the Secret, or correct spec.secret.name",),
    Reason.NAME_CONFLICT: ("delete or rename the Secret, or rename the ServiceBinding",),
}


def advice(binding: Object) -> Iterator[str]:
    """Commands and steps; none if it goes on by itself."""
    status, metadata = binding.get("status") or {}, binding["metadata"]
    for each in status.get("conditions") or ():
        if each["type"] != "Ready" or each["status"] == "True":
            continue
        arn = _ARN.search(each.get("message", ""))
        words = {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "policy": status.get("policy", ""),
            "arn": arn.group() if arn else "<its ARN>",
        }
        nobodys = each["reason"] == Reason.NOT_OURS and "no tags of ours" in each.get("message", "")
        absent = each["reason"] == Reason.RESOURCE_MISSING and "to take over" in each.get("message", "")
        lines = (_ADMITTED, _ADOPT) if nobodys else (_NOTHING_THERE,) if absent else _ADVICE.get(each["reason"], ())
        yield from (line.format(**words) for line in lines)
