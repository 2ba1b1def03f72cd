"""BindingPolicies as the cluster holds them, parsed."""

from collections.abc import Iterator
from dataclasses import replace

from pydantic import ValidationError

from trimtab.api.bindingpolicy import BindingPolicySpec
from trimtab.domain.binding.policies.policy import Denial, Policy
from trimtab.ports.cluster import Cluster


def with_doubts(denial: Denial, cluster: Cluster) -> Denial:
    """A denial is uncertain while there is a policy that cannot be understood: it may be the one that permits."""
    for policy in cluster.binding_policies():
        try:
            BindingPolicySpec.model_validate(policy["spec"])
        except ValidationError:
            message = f"{denial.message}. BindingPolicy {policy['metadata']['name']} cannot be understood"
            return replace(denial, message=message, certain=False)
    return denial


def policies_of(cluster: Cluster) -> Iterator[Policy]:
    """All that can be understood: one that cannot permits nothing. Its own status says so."""
    for policy in cluster.binding_policies():
        try:
            spec = BindingPolicySpec.model_validate(policy["spec"])
        except ValidationError:
            continue
        if "deletionTimestamp" not in policy["metadata"]:
            yield Policy(name=policy["metadata"]["name"], spec=spec)
