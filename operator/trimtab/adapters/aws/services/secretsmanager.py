"""AWS Secrets Manager: https://docs.aws.amazon.com/secretsmanager/latest/apireference/

Values pass through here on their way to AWS or into the binding's Secret; nothing here logs or raises one.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from trimtab.adapters.aws.calls import Calls
from trimtab.domain.binding.resource import Change, Live, Resource, State
from trimtab.ports.cloud import CloudBusyError

_OWNED = "trimtab.dev/cluster"
_SAME_BINDING = ("trimtab.dev/cluster", "trimtab.dev/namespace", "trimtab.dev/binding")
_DEFAULT_KEY = "alias/aws/secretsmanager"
_PARAMETERS = {"description": "Description", "kmsKeyID": "KmsKeyId"}


class Secret:
    """A secret. Its handle is its ARN. One whose deletion is scheduled is as good as gone, but can be restored."""

    service = "secretsmanager"

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """One call, which tells the tags too; a second one for the value, where it is projected.

        The value of what no cluster owns is not read: it may not be ours to know, nor has the role a right to it.
        """
        found = _described(client, arn or resource.name)
        if found is None or "DeletedDate" in found:
            return None
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
        projected = resource.address.get("project") == "Value" and _OWNED in tags
        outputs = _value(client, found["ARN"]) if projected else {}
        return Live(
            handle=found["ARN"],
            arn=found["ARN"],
            state=State.ACTIVE if outputs is not None else State.CREATING,
            settings={
                "description": found.get("Description", ""),
                "kmsKeyID": _key(found.get("KmsKeyId", _DEFAULT_KEY), resource.settings.get("kmsKeyID", "")),
            },
            tags=tags,
            outputs=outputs or {},
            note="" if outputs is not None else "it has no value yet: put one in",
        )

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """Two calls: the value is made, and never again. What is scheduled for deletion is restored if it is ours."""
        parameters = {name: resource.settings[key] for key, name in _PARAMETERS.items() if key in resource.settings}
        if generate := resource.creation.get("generate"):
            password = client.get_random_password(**generate["password"])["RandomPassword"]
            parameters["SecretString"] = json.dumps({**generate["template"], generate["key"]: password})
            # A repetition that was carried out before has another value, and so fails instead of making a version.
            parameters["ClientRequestToken"] = _token(resource.name, tags)
        try:
            client.create_secret(Name=resource.name, Tags=_listed(tags), **parameters)
        except (client.exceptions.ResourceExistsException, client.exceptions.InvalidRequestException):
            found = _described(client, resource.name)
            if found is None or "DeletedDate" not in found:
                raise
            _restore(client, found, tags)

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """One call. Without a value it makes no version."""
        wanted = {_PARAMETERS[key]: change.settings[key] for key in sorted(change.differing)}
        client.update_secret(SecretId=live.handle, **wanted)

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """One call."""
        client.tag_resource(SecretId=live.handle, Tags=_listed(tags))

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """One call."""
        client.untag_resource(SecretId=live.handle, TagKeys=sorted(keys))

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """One call. It can be restored for days, and as long gives its name to nobody else."""
        days = int(resource.address.get("recoveryWindowInDays", 30))
        try:
            client.delete_secret(SecretId=live.handle, RecoveryWindowInDays=days)
        except client.exceptions.ResourceNotFoundException:
            return
        except client.exceptions.InvalidRequestException:
            found = _described(client, live.handle)
            if found is not None and "DeletedDate" not in found:
                raise


def _described(client: Any, secret: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = client.describe_secret(SecretId=secret)
    except client.exceptions.ResourceNotFoundException:
        return None
    return found


def _restore(client: Any, found: Mapping[str, Any], tags: Mapping[str, str]) -> None:
    theirs = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
    if any(theirs.get(key) != tags.get(key) for key in _SAME_BINDING):
        raise CloudBusyError(
            f"a secret named {found['Name']} is scheduled for deletion and is not this binding's: restore and adopt it,"
            " delete it at once (aws secretsmanager delete-secret --force-delete-without-recovery), or wait"
        )
    client.restore_secret(SecretId=found["ARN"])
    client.tag_resource(SecretId=found["ARN"], Tags=_listed(tags))


def _value(client: Any, arn: str) -> Mapping[str, str] | None:
    """The members of the current value as texts; a value that is no JSON object as `value`. None: there is none."""
    try:
        answer = client.get_secret_value(SecretId=arn)
    except client.exceptions.ResourceNotFoundException:
        return None
    text = answer.get("SecretString", "")
    try:
        members = json.loads(text)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        return {"value": text}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in members.items()}


def _key(found: str, wanted: str) -> str:
    """The key as the user spells it, if it is the one: AWS tells an id or alias as it was given, or as an ARN."""
    return wanted if _bare(found) == _bare(wanted) else found


def _bare(key: str) -> str:
    return key.rpartition(":")[2].removeprefix("key/")


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _token(name: str, tags: Mapping[str, str]) -> str:
    """32 to 64 characters, the same for every attempt of one binding."""
    return hashlib.sha256(f"{name}\n{tags.get('trimtab.dev/uid', '')}".encode()).hexdigest()


CALLS: dict[str, Calls] = {"secretsManager/secret": Secret()}
