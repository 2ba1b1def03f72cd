"""IAM's side of workload identities: what a look reads, and which call a step is. Runs in a thread."""

import json
from collections.abc import Iterator
from typing import Any

from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.document import Document
from trimtab.domain.binding.identity.role import POLICY, Bearer, Found, LivePolicy, LiveRole
from trimtab.domain.binding.identity.steps import Step
from trimtab.domain.binding.ownership import CLUSTER, NAMESPACE, UID
from trimtab.domain.labels import MICROSERVICE

SERVICE = "iam"


def look(client: Any, name: str, policy_path: str) -> Found:
    """The role, if there is one, and the managed policies of its own path."""
    try:
        role = client.get_role(RoleName=name)["Role"]
    except client.exceptions.NoSuchEntityException:
        return Found(policies=tuple(_policies(client, name, policy_path, frozenset())))
    attached = frozenset(_attached(client, name))
    policies = tuple(_policies(client, name, policy_path, attached))
    inline = list(_inline(client, name))
    own = {each.arn for each in policies}
    return Found(
        role=LiveRole(
            arn=role["Arn"],
            trust=role["AssumeRolePolicyDocument"],
            boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            tags=_tags(role),
            created=role["CreateDate"],
            inline=_document(client, name) if POLICY in inline else None,
            foreign_inline=tuple(sorted(each for each in inline if each != POLICY)),
            foreign=tuple(sorted(attached - own)),
        ),
        policies=policies,
    )


def bearers(client: Any, path: str, prefix: str, known: frozenset[str]) -> tuple[tuple[str, Bearer], ...]:
    """See the port. ListRoles tells no tags, so each role that is not known costs a call of its own."""
    pages = client.get_paginator("list_roles").paginate(PathPrefix=path)
    names = [each["RoleName"] for page in pages for each in page["Roles"] if each["Path"] == path]
    found = []
    for name in names:
        if name.startswith(prefix) and name not in known and (tags := _role_tags(client, name)).get(CLUSTER):
            bearer = Bearer(
                cluster=tags[CLUSTER],
                namespace=tags.get(NAMESPACE, ""),
                microservice=tags.get(MICROSERVICE, ""),
                uid=tags.get(UID, ""),
            )
            found.append((name, bearer))
    return tuple(found)


def carry_out(client: Any, step: Step) -> None:
    """One call. What a deletion does not find is gone."""
    match step:
        case steps.DeleteInline() | steps.DeleteVersion() | steps.Detach() | steps.DeletePolicy() | steps.DeleteRole():
            try:
                _take(client, step)
            except client.exceptions.NoSuchEntityException:
                return
        case steps.CreatePolicy() | steps.AddVersion() | steps.Attach():
            _lend(client, step)
        case _:
            _form(client, step)


def _form(client: Any, step: Step) -> None:
    match step:
        case steps.CreateRole():
            bound = {"PermissionsBoundary": step.boundary} if step.boundary else {}
            client.create_role(
                RoleName=step.name,
                Path=step.path,
                AssumeRolePolicyDocument=_text(step.trust),
                Description="Made by Trimtab for one Microservice",
                Tags=_pairs(step.tags),
                **bound,
            )
        case steps.TagRole():
            client.tag_role(RoleName=step.name, Tags=_pairs(step.tags))
        case steps.SetTrust():
            client.update_assume_role_policy(RoleName=step.name, PolicyDocument=_text(step.trust))
        case steps.SetBoundary():
            client.put_role_permissions_boundary(RoleName=step.name, PermissionsBoundary=step.boundary)
        case steps.PutInline():
            client.put_role_policy(RoleName=step.name, PolicyName=step.policy, PolicyDocument=_text(step.document))


def _lend(client: Any, step: steps.CreatePolicy | steps.AddVersion | steps.Attach) -> None:
    match step:
        case steps.CreatePolicy():
            client.create_policy(
                PolicyName=step.name, Path=step.path, PolicyDocument=_text(step.document), Tags=_pairs(step.tags)
            )
        case steps.AddVersion():
            client.create_policy_version(PolicyArn=step.arn, PolicyDocument=_text(step.document), SetAsDefault=True)
        case steps.Attach():
            client.attach_role_policy(RoleName=step.name, PolicyArn=step.arn)


def _take(client: Any, step: Step) -> None:
    match step:
        case steps.DeleteInline():
            client.delete_role_policy(RoleName=step.name, PolicyName=step.policy)
        case steps.DeleteVersion():
            client.delete_policy_version(PolicyArn=step.arn, VersionId=step.version)
        case steps.Detach():
            client.detach_role_policy(RoleName=step.name, PolicyArn=step.arn)
        case steps.DeletePolicy():
            client.delete_policy(PolicyArn=step.arn)
        case steps.DeleteRole():
            client.delete_role(RoleName=step.name)


def _policies(client: Any, name: str, path: str, attached: frozenset[str]) -> Iterator[LivePolicy]:
    pages = client.get_paginator("list_policies").paginate(Scope="Local", PathPrefix=path)
    for policy in (each for page in pages for each in page["Policies"]):
        number = policy["PolicyName"].removeprefix(f"{name}-")
        if number.isdecimal():
            yield _policy(client, policy["Arn"], int(number), policy["DefaultVersionId"], attached)


def _policy(client: Any, arn: str, number: int, default: str, attached: frozenset[str]) -> LivePolicy:
    pages = client.get_paginator("list_policy_versions").paginate(PolicyArn=arn)
    versions = [each["VersionId"] for page in pages for each in page["Versions"]]
    answer = client.get_policy_version(PolicyArn=arn, VersionId=default)
    return LivePolicy(
        arn=arn,
        number=number,
        document=_decoded(answer["PolicyVersion"]["Document"]),
        versions=tuple(sorted(versions, key=lambda version: int(version.removeprefix("v")))),
        default=default,
        attached=arn in attached,
    )


def _attached(client: Any, name: str) -> Iterator[str]:
    for page in client.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        yield from (each["PolicyArn"] for each in page["AttachedPolicies"])


def _inline(client: Any, name: str) -> Iterator[str]:
    for page in client.get_paginator("list_role_policies").paginate(RoleName=name):
        yield from page["PolicyNames"]


def _document(client: Any, name: str) -> Document:
    return _decoded(client.get_role_policy(RoleName=name, PolicyName=POLICY)["PolicyDocument"])


def _decoded(document: Any) -> Document:
    """botocore decodes policy documents, as long as they are JSON."""
    found: Document = json.loads(document) if isinstance(document, str) else document
    return found


def _role_tags(client: Any, name: str) -> dict[str, str]:
    """None of ours for a role that is gone meanwhile."""
    try:
        pages = list(client.get_paginator("list_role_tags").paginate(RoleName=name))
    except client.exceptions.NoSuchEntityException:
        return {}
    return {each["Key"]: each["Value"] for page in pages for each in page["Tags"]}


def _tags(role: Any) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in role.get("Tags", ())}


def _pairs(tags: Any) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _text(document: Document) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
