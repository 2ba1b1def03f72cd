"""The one overlay on a recorded template: digests of the Secrets that containers see only when they start.

A new content changes the annotation, and so restarts the pods, once, inside the same revision. Files of a volume follow
their Secret without a restart, so those do not count. A Secret that is missing or cannot be read keeps the digest
that the running pods were started with: taking a Secret away must not restart what still runs.
"""

from collections.abc import Mapping

from trimtab.domain import labels, names
from trimtab.domain.objects import Object
from trimtab.domain.service.observation import SecretContent
from trimtab.domain.service.references import of_pod


def overlaid(template: Object, secrets: Mapping[str, SecretContent], live: Object | None) -> Object:
    """The template with its Secrets' digests; `live` is the Deployment as it is now, if there is one."""
    wanted = sorted({reference.name for reference in of_pod(template["spec"]) if reference.at_start})
    if not wanted:
        return template
    before = _of_deployment(live)
    known = {name: _digest(secrets.get(name)) or before.get(name) for name in wanted}
    if not any(known.values()):
        return template
    mark = ",".join(f"{name}={digest}" for name, digest in known.items() if digest)
    metadata = template["metadata"]
    annotations = {**metadata.get("annotations", {}), labels.SECRETS: mark}
    return {**template, "metadata": {**metadata, "annotations": annotations}}


def _digest(content: SecretContent | None) -> str | None:
    return names.digest(content.digest) if content is not None and content.digest is not None else None


def _of_deployment(deployment: Object | None) -> dict[str, str]:
    if deployment is None:
        return {}
    annotations = (deployment["spec"]["template"].get("metadata") or {}).get("annotations") or {}
    entries = (entry.partition("=") for entry in annotations.get(labels.SECRETS, "").split(",") if entry)
    return {name: digest for name, _, digest in entries}
