"""On which nodes pods run. The types of Kubernetes, without references to other namespaces."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule, TextMap, atomic
from trimtab.api.scalars import ClassName, LabelKey, LabelKeyText, Labels, LabelValue

Operator = Literal["In", "NotIn", "Exists", "DoesNotExist"]
Weight = Annotated[int, Field(ge=1, le=100)]


_VALUES = Rule(
    rule="self.operator in ['Exists', 'DoesNotExist'] ? !has(self.values) || self.values.size() == 0 : "
    "has(self.values) && self.values.size() > 0",
    message="operator %s %s values: %s",
    values=(
        "self.operator",
        "self.operator.contains('Exist') ? 'has no' : 'needs'",
        "self.operator.contains('Exist') ? 'leave them out' : 'give at least one'",
    ),
    field_path=".values",
)


class LabelRequirement(ApiModel):
    """A condition on one label."""

    rules: ClassVar = (_VALUES,)

    key: LabelKeyText = Field(description="Key of the label.", examples=["tier"])
    operator: Operator = Field(description="In, NotIn, Exists or DoesNotExist.", examples=["In"])
    values: Annotated[tuple[LabelValue, ...], atomic(16)] = Field(
        (), description="Values for In and NotIn. Default: none, as Exists and DoesNotExist demand.", examples=[["web"]]
    )


class LabelSelector(ApiModel):
    """Chooses objects by their labels; an empty selector chooses all."""

    match_labels: Annotated[dict[str, str], TextMap(key=LabelKey, value=LabelValue, max_items=8)] = Field(
        default_factory=dict,
        description="Labels that an object must carry. Default: none.",
        examples=[{"team": "shop"}],
    )
    match_expressions: Annotated[tuple[LabelRequirement, ...], atomic(8)] = Field(
        (),
        description="Conditions that its labels must meet. Default: none.",
        examples=[[{"key": "tier", "operator": "In", "values": ["web"]}]],
    )


class NodeRequirement(ApiModel):
    """A condition on one label or field of a node."""

    rules: ClassVar = (
        _VALUES,
        Rule(
            rule="!(self.operator in ['Gt', 'Lt']) || (has(self.values) && self.values.size() == 1 && "
            "self.values[0].matches('^[0-9]+$'))",
            message="operator %s needs exactly one integer as values, such as ['4']",
            values=("self.operator",),
            field_path=".values",
        ),
    )

    key: LabelKeyText = Field(
        description="Key of the label, or the field metadata.name.", examples=["kubernetes.io/arch"]
    )
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = Field(
        description="In, NotIn, Exists, DoesNotExist, Gt or Lt.", examples=["In"]
    )
    values: Annotated[tuple[LabelValue, ...], atomic(32)] = Field(
        (), description="Values for In and NotIn, one integer for Gt and Lt. Default: none.", examples=[["arm64"]]
    )


_NODE_EXAMPLE = [[{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}]]


class NodeSelectorTerm(ApiModel):
    """Conditions that a node must meet together."""

    match_expressions: Annotated[tuple[NodeRequirement, ...], atomic(8)] = Field(
        (), description="Conditions on labels. Default: none.", examples=_NODE_EXAMPLE
    )
    match_fields: Annotated[tuple[NodeRequirement, ...], atomic(8)] = Field(
        (),
        description="Conditions on the field metadata.name. Default: none.",
        examples=[[{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]],
    )


class NodeSelector(ApiModel):
    """Nodes that meet at least one of the terms."""

    node_selector_terms: Annotated[tuple[NodeSelectorTerm, ...], atomic(8)] = Field(
        min_length=1, description="The terms.", examples=[[{"matchExpressions": _NODE_EXAMPLE[0]}]]
    )


class PreferredNode(ApiModel):
    """A preference among nodes."""

    weight: Weight = Field(description="How much it counts, 1 to 100.", examples=[50])
    preference: NodeSelectorTerm = Field(description="The nodes that are preferred.")


class NodeAffinity(ApiModel):
    """Which nodes pods need or prefer."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = Field(
        None, description="Nodes that pods need. Default: any."
    )
    preferred_during_scheduling_ignored_during_execution: Annotated[tuple[PreferredNode, ...], atomic(8)] = Field(
        (), description="Nodes that pods prefer. Default: none.", examples=[[{"weight": 50, "preference": {}}]]
    )


class PodAffinityTerm(ApiModel):
    """Pods of the same namespace, and what counts as the same place."""

    label_selector: LabelSelector = Field(LabelSelector(), description="The pods. Default: all of the namespace.")
    topology_key: LabelKeyText = Field(
        description="Node label whose value names the place.", examples=["kubernetes.io/hostname"]
    )


class PreferredPod(ApiModel):
    """A preference to run near other pods, or away from them."""

    weight: Weight = Field(description="How much it counts, 1 to 100.", examples=[50])
    pod_affinity_term: PodAffinityTerm = Field(description="The other pods and the place.")


class PodAffinity(ApiModel):
    """Pods to run near to, or away from."""

    required_during_scheduling_ignored_during_execution: Annotated[tuple[PodAffinityTerm, ...], atomic(8)] = Field(
        (), description="What must hold. Default: none.", examples=[[{"topologyKey": "kubernetes.io/hostname"}]]
    )
    preferred_during_scheduling_ignored_during_execution: Annotated[tuple[PreferredPod, ...], atomic(8)] = Field(
        (),
        description="What is preferred. Default: none.",
        examples=[[{"weight": 50, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}]],
    )


class Affinity(ApiModel):
    """Rules about nodes and other pods."""

    node_affinity: NodeAffinity | None = Field(None, description="Which nodes pods need or prefer. Default: any.")
    pod_affinity: PodAffinity | None = Field(None, description="Pods to run near to. Default: none.")
    pod_anti_affinity: PodAffinity | None = Field(None, description="Pods to run away from. Default: none.")


class Toleration(ApiModel):
    """A taint of nodes that pods put up with."""

    rules: ClassVar = (
        Rule(
            rule="self.operator != 'Equal' || has(self.key)",
            message="operator Equal needs a key: give one, or write operator: Exists",
            field_path=".operator",
        ),
        Rule(
            rule="self.operator != 'Exists' || !has(self.value) || self.value == ''",
            message="operator Exists has no value: leave out %s, or write operator: Equal",
            values=("self.value",),
            field_path=".value",
        ),
        Rule(
            rule="!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            message="tolerationSeconds %s belongs to effect NoExecute: write effect: NoExecute, or leave it out",
            values=("self.tolerationSeconds",),
            field_path=".tolerationSeconds",
        ),
    )

    key: LabelKeyText | None = Field(None, description="Key of the taint. Default: every key.", examples=["dedicated"])
    operator: Literal["Exists", "Equal"] = Field("Equal", description="Exists, or Equal to value.", examples=["Exists"])
    value: LabelValue = Field("", description="Value of the taint, with Equal.", examples=["shop"])
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Effect of the taint. Default: every effect.", examples=["NoSchedule"]
    )
    toleration_seconds: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Seconds for which NoExecute is put up with. Default: for ever.", examples=[60]
    )


class Placement(ApiModel):
    """On which nodes pods run."""

    node_selector: Labels = Field(
        default_factory=dict,
        description="Labels that a node must carry. Default: none.",
        examples=[{"kubernetes.io/arch": "arm64"}],
    )
    tolerations: Annotated[tuple[Toleration, ...], atomic(16)] = Field(
        (),
        description="Taints that pods put up with. Default: none.",
        examples=[[{"key": "dedicated", "operator": "Exists"}]],
    )
    affinity: Affinity = Field(Affinity(), description="Rules about nodes and other pods. Default: none.")
    priority_class_name: ClassName = Field(
        "", description="PriorityClass of the pods; empty: the cluster's default.", examples=["high-priority"]
    )
