"""What must hold for every CRD that we publish."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import pytest
import yaml

from trimtab.api.crd import Kind, custom_resource_definition
from trimtab.api.kinds import BINDING_POLICY, CANARY_RELEASE, KINDS, MICROSERVICE, SERVICE_BINDING
from trimtab.api.meta import VALIDATIONS
from trimtab.cli.manifests import Loader

ROOT = Path(__file__).parents[3]
Schema = dict[str, Any]

# The functions of CEL that a 1.33 API server knows in the environment of 1.32.
CEL = {
    *("has", "size", "matches", "startsWith", "contains", "format", "type", "string"),
    *("all", "exists", "exists_one", "filter", "map"),
    *("duration", "isQuantity", "quantity", "compareTo", "isIP", "isCIDR"),
    *("split", "lowerAscii"),
    *("double", "int", "replace", "isSorted", "sum", "min", "max", "getSeconds", "getMilliseconds"),
}


def schema_of(kind: Kind) -> Schema:
    (version,) = custom_resource_definition(kind)["spec"]["versions"]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


def nodes(schema: Schema, at: str) -> Iterator[tuple[str, Schema]]:
    """Every node below and with `schema`, by its path."""
    yield at, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{at}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{at}[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], f"{at}.*")


def ours(kind: Kind) -> list[tuple[str, Schema]]:
    """The nodes of spec and status."""
    fields = schema_of(kind)["properties"]
    return [*nodes(fields["spec"], "spec"), *nodes(fields["status"], "status")]


KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


@KIND
def test_it_is_structural(kind: Kind) -> None:
    forbidden = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "title", "nullable", "examples"}
    for at, node in ours(kind):
        assert not forbidden & node.keys(), at
        assert "type" in node or node.get("x-kubernetes-int-or-string"), at
        assert "pattern" not in node or "x-kubernetes-int-or-string" in node, at
        assert not ("properties" in node and "additionalProperties" in node), at


@KIND
def test_everything_is_bounded(kind: Kind) -> None:
    for at, node in ours(kind):
        if node.get("type") == "array":
            assert {"items", "maxItems", "x-kubernetes-list-type"} <= node.keys(), at
        elif node.get("type") == "string" or "x-kubernetes-int-or-string" in node:
            assert "maxLength" in node or "enum" in node, at
        elif "additionalProperties" in node:
            assert "maxProperties" in node, at
        elif node.get("type") == "integer":
            assert "minimum" in node, at


@KIND
def test_every_field_is_described_with_default_and_example(kind: Kind) -> None:
    for at, node in ours(kind):
        for name, field in node.get("properties", {}).items():
            text = field.get("description", "")
            assert text[:1].isupper(), f"{at}.{name}: {text}"
            if at.startswith("status"):
                continue
            union = any("exactly one of" in rule["message"] for rule in node.get(VALIDATIONS, ()))
            optional = name not in node.get("required", ()) and not union
            assert not optional or "Default: " in text, f"{at}.{name} does not say its default: {text}"
            scalar = "properties" not in field
            assert not scalar or "Example: " in text, f"{at}.{name} has no example: {text}"


@KIND
def test_no_field_is_a_boolean_to_yaml(kind: Kind) -> None:
    """Kubernetes reads YAML 1.1, in which the key `on` is true."""
    names = {name for _, node in ours(kind) for name in node.get("properties", {})}
    assert not names & {"on", "off", "yes", "no", "y", "n", "true", "false"}


@KIND
def test_merge_keys_are_required_fields(kind: Kind) -> None:
    for at, node in ours(kind):
        for key in node.get("x-kubernetes-list-map-keys", ()):
            assert key in node["items"]["required"], at


@KIND
def test_only_scalars_of_spec_have_defaults(kind: Kind) -> None:
    for at, node in ours(kind):
        if "default" in node:
            assert at.startswith("spec") or at == "status", at
            assert at == "status" or isinstance(node["default"], str | int | bool), at
    assert schema_of(kind)["properties"]["status"]["default"] == {"observedGeneration": -1}


@KIND
def test_rules_have_a_message_and_know_only_old_functions(kind: Kind) -> None:
    rules = [(at, rule) for at, node in nodes(schema_of(kind), "") for rule in node.get(VALIDATIONS, ())]
    assert rules
    for at, rule in rules:
        assert rule["message"].strip(), at
        assert "\n" not in rule["message"], at
        code = re.sub(r'"(\\.|[^"\\])*"|\'[^\']*\'', "''", rule["rule"] + " " + rule.get("messageExpression", ""))
        assert set(re.findall(r"(\w+)\(", code)) <= CEL | {"in"}, f"{at}: {code}"


@KIND
def test_no_reference_has_a_namespace_but_the_gateway(kind: Kind) -> None:
    found = {
        at
        for at, node in nodes(schema_of(kind)["properties"]["spec"], "spec")
        if "namespace" in node.get("properties", {})
    }
    assert found <= {"spec.expose.gateway"}


def test_the_microservice_is_served_as_people_use_it() -> None:
    spec = custom_resource_definition(MICROSERVICE)["spec"]
    assert spec["scope"] == "Namespaced"
    assert spec["names"]["shortNames"] == ["msvc"]
    assert "trimtab" in spec["names"]["categories"]
    (version,) = spec["versions"]
    assert version["subresources"] == {
        "status": {},
        "scale": {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        },
    }
    narrow = [column["name"] for column in version["additionalPrinterColumns"] if not column.get("priority")]
    assert narrow == ["Ready", "Reason", "Version", "Revision", "Replicas", "Waiting-for", "Age"]
    assert "default" not in schema_of(MICROSERVICE)["properties"]["spec"]["properties"]["replicas"]


def test_the_canary_release_is_served_as_people_use_it() -> None:
    spec = custom_resource_definition(CANARY_RELEASE)["spec"]
    assert spec["scope"] == "Namespaced"
    assert spec["names"]["shortNames"] == ["crel"]
    assert spec["names"]["categories"] == ["trimtab"]
    (version,) = spec["versions"]
    assert version["subresources"] == {"status": {}}
    narrow = [column["name"] for column in version["additionalPrinterColumns"] if not column.get("priority")]
    assert narrow == ["Phase", "Step", "Weight", "Candidate", "Verdict", "ETA", "Age"]


def test_the_service_binding_is_served_as_a_provisioned_service() -> None:
    """https://servicebinding.io/spec/core/1.1.0/#provisioned-service"""
    crd = custom_resource_definition(SERVICE_BINDING)
    assert crd["metadata"]["labels"] == {"servicebinding.io/provisioned-service": "true"}
    assert crd["spec"]["scope"] == "Namespaced"
    assert crd["spec"]["names"]["shortNames"] == ["sbind"]
    (version,) = crd["spec"]["versions"]
    assert version["subresources"] == {"status": {}}
    status = schema_of(SERVICE_BINDING)["properties"]["status"]["properties"]
    assert status["binding"]["properties"]["name"]["type"] == "string"
    narrow = [column["name"] for column in version["additionalPrinterColumns"] if not column.get("priority")]
    assert narrow == ["Ready", "Reason", "Service", "Secret", "Age"]


def test_the_binding_policy_is_the_administrators() -> None:
    spec = custom_resource_definition(BINDING_POLICY)["spec"]
    assert spec["scope"] == "Cluster"
    assert spec["names"]["shortNames"] == ["bpol"]
    (version,) = spec["versions"]
    narrow = [column["name"] for column in version["additionalPrinterColumns"] if not column.get("priority")]
    assert narrow == ["Ready", "Reason", "Services", "Bindings", "Age"]


def test_no_binding_names_a_role_or_a_policy_document() -> None:
    """What a namespace may do is the administrator's to say (design: BindingPolicy)."""
    fields = {name for _, node in nodes(schema_of(SERVICE_BINDING)["properties"]["spec"], "") for name in _names(node)}
    assert not [name for name in fields if re.search("role|policyDocument|account|endpoint", name, re.IGNORECASE)]


def _names(node: Schema) -> Iterator[str]:
    yield from node.get("properties", {})


@pytest.mark.parametrize("file", sorted(ROOT.glob("c*/**/*.trimtab.dev.yaml")), ids=lambda file: str(file.parent.name))
def test_kubectl_and_helm_read_in_a_file_what_was_written(file: Path) -> None:
    """For them a bare `N`, such as in an enum, is a boolean (sigs.k8s.io/yaml reads YAML 1.1)."""
    text = file.read_text()
    assert yaml.load(text, Loader=Loader) == yaml.safe_load(text)


def test_generate_names_what_is_out_of_date_and_mends_it(tmp_path: Path) -> None:
    (tmp_path / "hack").mkdir()
    script = tmp_path / "hack" / "generate"
    copy(ROOT / "hack" / "generate", script)
    copytree(ROOT / "docs/gitops/argocd", tmp_path / "docs/gitops/argocd")

    def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)

    assert generate("--check").returncode == 1
    assert not (tmp_path / "crds").exists()
    assert generate().returncode == 0
    assert generate("--check").returncode == 0
    page = tmp_path / "docs/reference/reasons.md"
    page.write_text(page.read_text() + "\n")
    answer = generate("--check")
    assert answer.returncode == 1
    assert answer.stderr == "out of date: docs/reference/reasons.md (run hack/generate)\n"
