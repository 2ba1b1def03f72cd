"""The kinds that Trimtab serves."""

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.canaryrelease_status import CanaryReleaseStatus
from trimtab.api.crd import Column, Kind, Scale
from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.microservice_rules import OBJECT_RULES
from trimtab.api.microservice_status import MicroserviceStatus

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
        Column(
            name="Ready",
            json_path=".status.conditions[?(@.type=='Ready')].status",
            description="Whether the service is as declared and serves.",
        ),
        Column(
            name="Reason",
            json_path=".status.conditions[?(@.type=='Ready')].reason",
            description="One word for why.",
        ),
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

KINDS = (MICROSERVICE, CANARY_RELEASE)
