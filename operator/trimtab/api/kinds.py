"""The kinds that Trimtab serves."""

from trimtab.api.bindingpolicy import BindingPolicySpec
from trimtab.api.bindingpolicy_status import BindingPolicyStatus
from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.canaryrelease_status import CanaryReleaseStatus
from trimtab.api.crd import Column, Kind, Scale
from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.microservice_rules import OBJECT_RULES
from trimtab.api.microservice_status import MicroserviceStatus
from trimtab.api.servicebinding import ServiceBindingSpec
from trimtab.api.servicebinding_rules import OBJECT_RULES as BINDING_RULES
from trimtab.api.servicebinding_status import ServiceBindingStatus


def _verdict(description: str) -> tuple[Column, ...]:
    ready = ".status.conditions[?(@.type=='Ready')]"
    return (
        Column(name="Ready", json_path=f"{ready}.status", description=description),
        Column(name="Reason", json_path=f"{ready}.reason", description="One word for why."),
    )


_ENDING = (
    Column(
        name="Message",
        json_path=".status.conditions[?(@.type=='Ready')].message",
        description="Why, and what to do.",
        priority=1,
    ),
    Column(name="Age", json_path=".metadata.creationTimestamp", description="Age.", type="date"),
)

MICROSERVICE = Kind(
    kind="Microservice",
    plural="microservices",
    description="A Microservice is one service and all that runs, protects and exposes it: pods, autoscaling, "
    "configuration, admin jobs, network policy and routes.",
    short_names=("msvc",),
    categories=("trimtab", "all"),
    spec=MicroserviceSpec,
    status=MicroserviceStatus,
    rules=OBJECT_RULES,
    scale=Scale(),
    columns=(
        *_verdict("Whether the service is as declared and serves."),
        Column(name="Version", json_path=".status.version", description="Image tag or short digest."),
        Column(name="Revision", json_path=".status.revision", description="Revision that the spec asks for."),
        Column(name="Replicas", json_path=".status.ready", description="Ready and wanted pods."),
        Column(name="Waiting-for", json_path=".status.waitingFor[0].name", description="The first thing in the way."),
        Column(name="Kind", json_path=".status.waitingFor[0].kind", description="What that is.", priority=1),
        Column(name="Because", json_path=".status.waitingFor[0].reason", description="Why it blocks.", priority=1),
        Column(
            name="Message",
            json_path=".status.conditions[?(@.type=='Ready')].message",
            description="Why, and what to do.",
            priority=1,
        ),
        Column(name="Image", json_path=".spec.image", description="Image of the spec.", priority=1),
        Column(name="Stable", json_path=".status.stableRevision", description="Revision last rolled out.", priority=1),
        Column(name="Age", json_path=".metadata.creationTimestamp", description="Age.", type="date"),
    ),
)

CANARY_RELEASE = Kind(
    kind="CanaryRelease",
    plural="canaryreleases",
    description="A CanaryRelease is a standing policy: whenever the revision of one of its Microservices changes, the "
    "new revision is released this way, step by step and judged, instead of by a rolling update.",
    short_names=("crel",),
    spec=CanaryReleaseSpec,
    status=CanaryReleaseStatus,
    columns=(
        Column(name="Phase", json_path=".status.phase", description="What it is doing."),
        Column(name="Step", json_path=".status.position", description="Step and steps."),
        Column(name="Weight", json_path=".status.weight", description="Share that the new revision is to have."),
        Column(name="Candidate", json_path=".status.candidate", description="New revision."),
        Column(name="Verdict", json_path=".status.verdict", description="The least favourable verdict of all KPIs."),
        Column(name="ETA", json_path=".status.eta", description="When it can be over at the earliest."),
        Column(
            name="Reason",
            json_path=".status.conditions[?(@.type=='Ready')].reason",
            description="One word for why.",
            priority=1,
        ),
        Column(
            name="Message",
            json_path=".status.conditions[?(@.type=='Ready')].message",
            description="Why, and what to do.",
            priority=1,
        ),
        Column(name="Stable", json_path=".status.stable", description="Revision that serves.", priority=1),
        Column(
            name="Effective", json_path=".status.effectiveWeight", description="Share that it really gets.", priority=1
        ),
        Column(name="Age", json_path=".metadata.creationTimestamp", description="Age.", type="date"),
    ),
)

SERVICE_BINDING = Kind(
    kind="ServiceBinding",
    plural="servicebindings",
    description="A ServiceBinding asks for one backing service, such as a queue or a table, and binds it to a "
    "workload: it is made once, kept as declared, and projected into the workload's pods.",
    short_names=("sbind",),
    labels={"servicebinding.io/provisioned-service": "true"},
    spec=ServiceBindingSpec,
    status=ServiceBindingStatus,
    rules=BINDING_RULES,
    columns=(
        *_verdict("Whether the service is as declared and its Secret is in place."),
        Column(name="Service", json_path=".status.service", description="Service that is bound."),
        Column(name="Secret", json_path=".status.binding.name", description="Secret with what the workload needs."),
        Column(name="ARN", json_path=".status.arn", description="ARN of its main resource.", priority=1),
        Column(name="Policy", json_path=".status.policy", description="BindingPolicy that permits it.", priority=1),
        Column(
            name="Deletion", json_path=".status.deletionPolicy", description="What deleting leaves behind.", priority=1
        ),
        *_ENDING,
    ),
)

BINDING_POLICY = Kind(
    kind="BindingPolicy",
    plural="bindingpolicies",
    description="A BindingPolicy says which namespaces may ask for which backing services, where, and with whose "
    "rights. What no policy permits is denied.",
    short_names=("bpol",),
    scope="Cluster",
    spec=BindingPolicySpec,
    status=BindingPolicyStatus,
    columns=(
        *_verdict("Whether the policy is in force; what its role lacks is in the column Missing (-o wide)."),
        Column(name="Services", json_path=".spec.services", description="Services that are permitted."),
        Column(
            name="Bindings", json_path=".status.bindings", description="ServiceBindings it permits.", type="integer"
        ),
        Column(name="Role", json_path=".spec.roleARN", description="Role that is assumed.", priority=1),
        Column(name="Missing", json_path=".status.missingActions", description="Rights that it lacks.", priority=1),
        *_ENDING,
    ),
)

KINDS = (MICROSERVICE, CANARY_RELEASE, SERVICE_BINDING, BINDING_POLICY)
