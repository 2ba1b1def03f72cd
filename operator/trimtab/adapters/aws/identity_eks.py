"""EKS's side of workload identities: Pod Identity associations. Runs in a thread."""

from typing import Any

from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.role import Association, Subject

SERVICE = "eks"


def look(client: Any, subject: Subject) -> Association | None:
    """The association of a ServiceAccount, of which EKS allows one. A list tells no role, so it takes two calls."""
    pages = client.get_paginator("list_pod_identity_associations").paginate(
        clusterName=subject.cluster_name, namespace=subject.namespace, serviceAccount=subject.service_account
    )
    found = [each["associationId"] for page in pages for each in page["associations"]]
    for each in found:
        try:
            answer = client.describe_pod_identity_association(clusterName=subject.cluster_name, associationId=each)
        except client.exceptions.ResourceNotFoundException:
            continue  # deleted meanwhile
        association = answer["association"]
        return Association(
            id=association["associationId"],
            role_arn=association.get("roleArn", ""),
            tags=dict(association.get("tags") or {}),
        )
    return None


def carry_out(client: Any, step: steps.Associate | steps.Reassociate | steps.Dissociate) -> None:
    """One call. An association that is gone is dissociated."""
    match step:
        case steps.Associate(subject=subject):
            client.create_pod_identity_association(
                clusterName=subject.cluster_name,
                namespace=subject.namespace,
                serviceAccount=subject.service_account,
                roleArn=step.role_arn,
                clientRequestToken=step.token,
                tags=dict(step.tags),
            )
        case steps.Reassociate():
            client.update_pod_identity_association(
                clusterName=step.cluster_name, associationId=step.id, roleArn=step.role_arn
            )
        case steps.Dissociate():
            try:
                client.delete_pod_identity_association(clusterName=step.cluster_name, associationId=step.id)
            except client.exceptions.ResourceNotFoundException:
                return
