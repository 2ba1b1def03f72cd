"""Deterministic names: the same input gives the same name, after a restart and on every replica."""

import base64
import hashlib
import json
from typing import Any

HASH_LENGTH = 10

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)


def digest(text: str) -> str:
    """10 characters of [a-z0-9] that identify `text`: the base32 form of its SHA-256, 50 bits of it."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode().lower()[:HASH_LENGTH]


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values give equal text."""
    return _ENCODER.encode(value)


def bounded(name: str, limit: int) -> str:
    """`name`, or its beginning and a digest of the whole if it is longer than `limit` characters."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - HASH_LENGTH - 1].rstrip('-')}-{digest(name)}"


def revision_record(service: str, revision: str) -> str:
    """The ControllerRevision that records a revision."""
    return f"{service}-{revision}"


def revision_arm(service: str, revision: str) -> str:
    """The Deployment and the Service of one revision, where revisions stand side by side."""
    return f"{service}-{revision}"


def config_map(service: str, content: str | None) -> str:
    """The ConfigMap of spec.config; with `content` (a digest) an immutable one named by what it holds."""
    return f"{service}-config-{content}" if content else f"{service}-config"


def proxy_config(service: str, revision: str) -> str:
    """The immutable ConfigMap with the configuration of a revision's proxy."""
    return f"{service}-proxy-{revision}"


def job(service: str, name: str, key: str) -> str:
    """One run of a job. The Job controller labels pods with it, hence at most 63 characters."""
    return f"{bounded(f'{service}-{name}', 63 - HASH_LENGTH - 1)}-{key}"


def cron_job(service: str, name: str) -> str:
    """A scheduled job; at most 52 characters, since the CronJob controller appends eleven to name its Jobs."""
    return bounded(f"{service}-{name}", 52)


def job_policy(service: str) -> str:
    """The NetworkPolicy of a service's job pods; with a dot, which no Microservice has in its name."""
    return f"{service}.jobs"
