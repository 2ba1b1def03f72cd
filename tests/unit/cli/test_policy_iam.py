"""`trimtab policy iam`: documents that can be given to IAM as they are."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.integration.good_servicebindings import GOOD_POLICIES, LEAST_POLICY

from trimtab.cli.main import main

ROLE = "arn:aws:iam::123456789012:role/trimtab-shop"
OWN = "arn:aws:iam::999999999999:role/trimtab-operator"
ASKED = ("--prefix", "shop-", "--role-arn", ROLE)


def iam(*arguments: str) -> Any:
    """What it prints, as JSON."""
    done = CliRunner().invoke(main, ["policy", "iam", *arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["policy", "iam", *arguments])
    assert done.exit_code != 0
    assert "Traceback" not in done.output
    return done.output


def actions(document: Any) -> set[str]:
    return {action for statement in document["Statement"] for action in statement["Action"]}


def manifest(folder: Path, *specs: dict[str, Any]) -> str:
    """A file with these BindingPolicies, beside something else."""
    documents: list[Any] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}]
    for number, spec in enumerate(specs):
        head = {"apiVersion": "trimtab.dev/v1alpha1", "kind": "BindingPolicy", "metadata": {"name": f"p{number}"}}
        documents.append({**head, "spec": {**LEAST_POLICY, **spec}})
    file = folder / "policy.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    return str(file)


def test_three_documents_for_three_places() -> None:
    found = iam(*ASKED, "--service", "sqs", "--external-id", "cluster-7", "--operator-role-arn", OWN)
    assert actions(found["operator"]) == {"sts:AssumeRole", "sts:TagSession"}
    assert {"sqs:CreateQueue", "tag:GetResources"} <= actions(found["role"])
    (trust,) = found["trust"]["Statement"]
    assert trust["Principal"] == {"AWS": OWN}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "cluster-7"}}
    for document in found.values():
        assert document["Version"] == "2012-10-17"
        assert all(statement["Effect"] == "Allow" for statement in document["Statement"])


def test_all_services_unless_some_are_named() -> None:
    services = {action.partition(":")[0] for action in actions(iam(*ASKED)["role"])}
    assert {"sqs", "sns", "dynamodb", "s3", "secretsmanager"} <= services


def test_one_document_alone() -> None:
    assert iam(*ASKED, "--only", "role") == iam(*ASKED)["role"]


def test_nobody_is_trusted_unless_named() -> None:
    """An account as a whole would let everybody in it be the operator."""
    assert set(iam(*ASKED)) == {"operator", "role"}
    assert "--operator-role-arn" in refused(*ASKED, "--only", "trust")


@pytest.mark.parametrize("spec", GOOD_POLICIES.values(), ids=GOOD_POLICIES.keys())
def test_a_manifest_says_it_all(tmp_path: Path, spec: dict[str, Any]) -> None:
    found = iam("-f", manifest(tmp_path, spec))
    merged = {**LEAST_POLICY, **spec}
    services = {action.partition(":")[0] for action in actions(found["role"])}
    assert {service.lower() for service in merged["services"]} <= services
    assert found["operator"]["Statement"][0]["Resource"] == [merged["roleARN"]]
    identity = merged.get("identity", {}).get("mode", "None")
    assert ("iam:CreateRole" in actions(found["role"])) == (identity != "None")
    assert ("eks:CreatePodIdentityAssociation" in actions(found["role"])) == (identity == "PodIdentity")


def test_wrong_use_is_told_with_the_remedy(tmp_path: Path) -> None:
    assert "--prefix" in refused("--role-arn", ROLE)
    assert "--role-arn" in refused("--prefix", "shop-")
    assert "'shop' is no namePrefix" in refused("--prefix", "shop", "--role-arn", ROLE)
    assert "'shop' is no ARN of a role" in refused("--prefix", "shop-", "--role-arn", "shop")
    assert "needs --permissions-boundary" in refused(*ASKED, "--identity", "IRSA")
    assert "2 BindingPolicies (p0, p1)" in refused("-f", manifest(tmp_path, {}, {}))
    assert "spec.regions" in refused("-f", manifest(tmp_path, {"regions": []}))
    (tmp_path / "bad.yaml").write_text("a: [")
    assert "is not YAML" in refused("-f", str(tmp_path / "bad.yaml"))


def test_the_keys_of_a_policy_may_be_used_for_tables_and_secrets(tmp_path: Path) -> None:
    file = manifest(tmp_path, {"services": ["dynamodb"], "kmsKeys": ["alias/shop-*"]})
    by_file, by_option = iam("-f", file), iam(*ASKED, "--service", "dynamodb", "--kms-key", "alias/shop-*")
    for found in (by_file, by_option):
        assert {"kms:CreateGrant", "kms:DescribeKey", "kms:Decrypt"} <= actions(found["role"])
    assert "kms:CreateGrant" not in actions(iam(*ASKED, "--service", "dynamodb")["role"])
