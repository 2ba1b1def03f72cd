"""BindingPolicies from a mounted file."""

import asyncio
from pathlib import Path

import pytest

from trimtab.domain.objects import Object
from trimtab.shell import policy_file
from trimtab.shell.policy_file import PolicyFile, PolicyFileError

POLICY = """
apiVersion: trimtab.dev/v1alpha1
kind: BindingPolicy
metadata: {name: %s}
spec:
  namespaceSelector: {}
  services: [%s]
  regions: [eu-central-1]
  roleARN: arn:aws:iam::123456789012:role/trimtab
  namePrefix: shop-
---
"""


class Heard:
    def __init__(self, path: Path) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.objects: dict[str, Object] = {}
        self.file = PolicyFile(path, ("shop",), self._event)

    def _event(self, type_: str, obj: Object) -> None:
        self.told.append((type_, obj["kind"], obj["metadata"]["name"]))
        self.objects[obj["metadata"]["name"]] = obj


def test_the_policies_and_the_names_of_the_namespaces_are_told(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(POLICY % ("queues", "sqs") + POLICY % ("tables", "dynamodb"))
    heard = Heard(path)
    heard.file.load()
    assert heard.told == [
        ("ADDED", "Namespace", "shop"),
        ("ADDED", "BindingPolicy", "queues"),
        ("ADDED", "BindingPolicy", "tables"),
    ]
    assert heard.objects["shop"]["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop"}
    assert "uid" not in heard.objects["queues"]["metadata"]


@pytest.mark.parametrize("text", ["kind: Secret", "[", "- 1", POLICY % ("queues", "nothing"), POLICY % ("''", "sqs")])
def test_what_is_no_policy_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(text)
    with pytest.raises(PolicyFileError, match=r"policies\.yaml"):
        Heard(path).file.load()


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="No such file"):
        Heard(tmp_path / "policies.yaml").file.load()


async def test_what_changes_is_told_and_a_broken_file_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_file, "PAUSE", 0.001)
    path = tmp_path / "policies.yaml"
    path.write_text(POLICY % ("queues", "sqs") + POLICY % ("topics", "sns"))
    heard = Heard(path)
    heard.file.load()
    heard.told.clear()
    running = asyncio.create_task(heard.file.run())
    try:
        replace(path, "kind: Secret")
        replace(path, POLICY % ("queues", "dynamodb"))
        async with asyncio.timeout(60):
            while len(heard.told) < 2:
                await asyncio.sleep(0.001)
        assert sorted(heard.told) == [("DELETED", "BindingPolicy", "topics"), ("MODIFIED", "BindingPolicy", "queues")]
        versions = [int(obj["metadata"]["resourceVersion"]) for obj in heard.objects.values()]
        assert len(set(versions)) == len(versions)
    finally:
        running.cancel()


def replace(path: Path, text: str) -> None:
    """As kubelet does it: another file takes the name."""
    other = path.with_suffix(".new")
    other.write_text(text)
    other.rename(path)
