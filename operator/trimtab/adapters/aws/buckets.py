"""Settings of a bucket of S3, to and from the form in which AWS has them."""

from collections.abc import Iterator, Mapping
from typing import Any

_CLASSES = {
    "StandardIA": "STANDARD_IA",
    "OneZoneIA": "ONEZONE_IA",
    "IntelligentTiering": "INTELLIGENT_TIERING",
    "GlacierIR": "GLACIER_IR",
    "Glacier": "GLACIER",
    "DeepArchive": "DEEP_ARCHIVE",
}
_SPOKEN = {of_aws: ours for ours, of_aws in _CLASSES.items()}
_DAYS = {
    "expirationDays": ("Expiration", "Days"),
    "noncurrentExpirationDays": ("NoncurrentVersionExpiration", "NoncurrentDays"),
    "abortIncompleteMultipartUploadDays": ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
}
_OURS = "trimtab-"
"""Our notifications have ids that begin so; all others are left as they are."""
_KINDS = {"sqs": ("QueueConfigurations", "QueueArn"), "sns": ("TopicConfigurations", "TopicArn")}


def encryption(key: str) -> dict[str, Any]:
    """The ServerSideEncryptionConfiguration. `key` is a key of KMS, or SSE-S3."""
    if key == "SSE-S3":
        return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}]}


def key_of(configuration: Mapping[str, Any]) -> str:
    """The key of a ServerSideEncryptionConfiguration, as `encryption` takes it; empty: none."""
    for rule in configuration.get("Rules", ()):
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        if default.get("SSEAlgorithm") == "AES256":
            return "SSE-S3"
        return str(default.get("KMSMasterKeyID") or "alias/aws/s3")
    return ""


def lifecycle(rules: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The LifecycleConfiguration."""
    return {"Rules": [_rule(name, rule) for name, rule in sorted(rules.items())]}


def rules_of(found: Any) -> dict[str, Any]:
    """The rules of a LifecycleConfiguration by name. One that says more than a Resource can is told as `other`."""
    return {rule.get("ID", ""): _rule_of(rule) for rule in found}


def notifications_of(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Our notifications by name."""
    found: dict[str, Any] = {}
    for kind, arn in _KINDS.values():
        for each in configuration.get(kind, ()):
            if each["Id"].startswith(_OURS):
                found[each["Id"].removeprefix(_OURS)] = _notification_of(each, arn)
    return found


def notifications(configuration: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The NotificationConfiguration with these in place of our former ones, and all others as they are."""
    merged = {kind: value for kind, value in configuration.items() if kind != "ResponseMetadata"}
    for service, (kind, arn) in _KINDS.items():
        foreign = [each for each in configuration.get(kind, ()) if not each["Id"].startswith(_OURS)]
        ours = [
            _notification(name, each, arn)
            for name, each in sorted(wanted.items())
            if each["target"].split(":")[2] == service
        ]
        merged[kind] = foreign + ours
    return {kind: value for kind, value in merged.items() if value or kind not in dict(_KINDS.values())}


def _rule(name: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"ID": name, "Status": "Enabled", "Filter": {"Prefix": rule["prefix"]}}
    for days, (action, field) in _DAYS.items():
        if days in rule:
            made[action] = {field: rule[days]}
    if "transitions" in rule:
        made["Transitions"] = [
            {"Days": each["days"], "StorageClass": _CLASSES[each["storageClass"]]} for each in rule["transitions"]
        ]
    return made


def _rule_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    filtered = rule.get("Filter") or {}
    known: dict[str, Any] = {"prefix": filtered.get("Prefix") or rule.get("Prefix") or ""}
    for days, (action, field) in _DAYS.items():
        if field in rule.get(action, {}):
            known[days] = rule[action][field]
    if rule.get("Transitions"):
        moves = [
            {"days": each.get("Days", 0), "storageClass": _SPOKEN.get(each["StorageClass"], each["StorageClass"])}
            for each in rule["Transitions"]
        ]
        known["transitions"] = sorted(moves, key=lambda each: str(each["storageClass"]))
    other = sorted(_other(rule))
    return {**known, "other": other} if other else known


def _other(rule: Mapping[str, Any]) -> Iterator[str]:
    """What a rule says beyond what a Resource can."""
    known = {"ID", "Status", "Filter", "Prefix", "Transitions"} | {action for action, _ in _DAYS.values()}
    yield from (field for field in rule if field not in known)
    if rule.get("Status") != "Enabled":
        yield "Status"
    yield from (f"Filter.{field}" for field in rule.get("Filter") or {} if field != "Prefix")
    for action, wanted in _DAYS.values():
        yield from (f"{action}.{field}" for field, value in rule.get(action, {}).items() if field != wanted and value)


def _notification(name: str, wanted: Mapping[str, Any], arn: str) -> dict[str, Any]:
    rules = [{"Name": part, "Value": wanted[part]} for part in ("prefix", "suffix") if wanted[part]]
    filtered = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"Id": f"{_OURS}{name}", arn: wanted["target"], "Events": list(wanted["events"]), **filtered}


def _notification_of(found: Mapping[str, Any], arn: str) -> dict[str, Any]:
    rules = ((found.get("Filter") or {}).get("Key") or {}).get("FilterRules", ())
    parts = {rule["Name"].lower(): rule["Value"] for rule in rules}
    return {"target": found[arn], "events": sorted(found["Events"]), "prefix": "", "suffix": "", **parts}
