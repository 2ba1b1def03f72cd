"""Application Auto Scaling: https://docs.aws.amazon.com/autoscaling/application/APIReference/"""

from collections.abc import Collection, Mapping
from typing import Any

from trimtab.domain.binding.resource import Change, Live, Resource

POLICY = "trimtab"
_METRICS = {
    "dynamodb:table:ReadCapacityUnits": "DynamoDBReadCapacityUtilization",
    "dynamodb:table:WriteCapacityUnits": "DynamoDBWriteCapacityUtilization",
    "dynamodb:index:ReadCapacityUnits": "DynamoDBReadCapacityUtilization",
    "dynamodb:index:WriteCapacityUnits": "DynamoDBWriteCapacityUtilization",
}


class Scaling:
    """One capacity of a resource: its bounds, and a policy that tracks a target. Its handle is the resource's id."""

    service = "application-autoscaling"

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """Two calls, known or not."""
        named = self._named(resource)
        targets = client.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace=self._namespace,
            ResourceIds=[named["ResourceId"]],
            ScalableDimension=named["ScalableDimension"],
        )
        found = next((target for page in targets for target in page["ScalableTargets"]), None)
        if found is None:
            return None
        policies = client.get_paginator("describe_scaling_policies").paginate(PolicyNames=[POLICY], **named)
        policy: dict[str, Any] = next((each for page in policies for each in page["ScalingPolicies"]), {})
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
        value = tracking.get("TargetValue")
        settings = {"min": found["MinCapacity"], "max": found["MaxCapacity"], "target": value and int(value)}
        return Live(handle=named["ResourceId"], arn=self._arn(found), settings=settings)

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """Two calls, which both put right what there is."""
        self._set(client, resource, frozenset(resource.settings))

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """One call for the bounds, one for the target."""
        self._set(client, resource, change.differing)

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """It is a part of what it scales."""

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """It is a part of what it scales."""

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """One call, which takes the policy and its alarms away too."""
        try:
            client.deregister_scalable_target(**self._named(resource))
        except client.exceptions.ObjectNotFoundException:
            return

    def _arn(self, found: Mapping[str, Any]) -> str:
        """That of what is scaled: its own says only a random id, which no policy can permit by name."""
        where = found.get("ScalableTargetARN", "").split(":")[:5]
        scaled: str = found["ResourceId"]
        return ":".join([*where[:2], self._namespace, *where[3:], scaled]) if len(where) == 5 else scaled

    def _set(self, client: Any, resource: Resource, settings: Collection[str]) -> None:
        named, wanted = self._named(resource), resource.settings
        if {"min", "max"} & set(settings):
            client.register_scalable_target(**named, MinCapacity=wanted["min"], MaxCapacity=wanted["max"])
        if "target" in settings:
            metric = {"PredefinedMetricType": _METRICS[named["ScalableDimension"]]}
            client.put_scaling_policy(
                PolicyName=POLICY,
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": float(wanted["target"]),
                    "PredefinedMetricSpecification": metric,
                },
                **named,
            )

    def _named(self, resource: Resource) -> dict[str, str]:
        return {
            "ServiceNamespace": self._namespace,
            "ResourceId": resource.address["resource"],
            "ScalableDimension": resource.address["dimension"],
        }
