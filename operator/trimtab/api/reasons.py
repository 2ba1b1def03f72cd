"""Every reason that a condition, waitingFor entry or Event can carry; docs/reference/reasons.md is made from it."""

from enum import StrEnum


class Reason(StrEnum):
    """A closed list: the value is what users see, the docstring-like text below it what it means and what to do."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> "Reason":
        """Attaches the meaning to the member, so that the reference in docs/ cannot drift from the code."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    AVAILABLE = "Available", "All replicas of the current revision are ready."
    ROLLING_OUT = "RollingOut", "Pods of the current revision are being started; the message says how many are ready."
    SUSPENDED = "Suspended", "spec.suspend is true: nothing is changed until it is false again."
    SCALED_TO_ZERO = "ScaledToZero", "spec.replicas is 0, so no pod runs. Scale up to serve again."
    INVALID_SPEC = (
        "InvalidSpec",
        "The spec cannot be carried out; the message names the field, the value and the remedy.",
    )
    NAME_CONFLICT = "NameConflict", "An object of that name exists and is not ours. Rename it, or the Microservice."
    CHILD_DENIED = "ChildDenied", "The API server denied a child: quota, an admission webhook or policy, or RBAC."
    CHILD_INVALID = "ChildInvalid", "The API server refused a child as invalid; the message is the server's own."
    API_NOT_INSTALLED = "APINotInstalled", "A child's API is not in the cluster; the message says what to install."
    MIGRATION_RUNNING = "MigrationRunning", "A BeforeRollout job is running; the new revision starts after it."
    MIGRATION_FAILED = "MigrationFailed", "A BeforeRollout job failed; no pod of the new revision starts. See its log."
    RUN_AS_ROOT_REFUSED = "RunAsRootRefused", "The image wants to run as root. Set spec.securityContext.runAsUser."
    SECRET_NOT_FOUND = "SecretNotFound", "A referenced Secret does not exist; pods that need it cannot start."
    IMAGE_PULL_BACK_OFF = "ImagePullBackOff", "The image cannot be pulled: check its name, tag and imagePullSecrets."
    CRASH_LOOP_BACK_OFF = "CrashLoopBackOff", "A container keeps ending; the message has its exit code. See its log."
    CONTAINER_CONFIG_ERROR = "CreateContainerConfigError", "A container cannot be made from its configuration."
    UNSCHEDULABLE = "Unschedulable", "No node can take the pod; the message says what is missing."
    QUOTA_EXCEEDED = "QuotaExceeded", "A ResourceQuota of the namespace forbids more pods."
    POD_DENIED = "PodDenied", "Pods are denied by an admission webhook or policy."
    NOT_READY = "NotReady", "The container runs, but its readiness probe does not succeed."
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded", "The rollout made no progress for 10 minutes."
    EXPOSED = "Exposed", "The Gateway accepted the route and resolved its backends, or the Ingress has an address."
    ROUTE_PENDING = (
        "RoutePending",
        "The Gateway has not yet said whether it accepts the route, or the Ingress has no address.",
    )
    ROUTE_NOT_ACCEPTED = "RouteNotAccepted", "The Gateway refused the route; the message is the Gateway's own."
    SCALING = "Scaling", "The autoscaler is active."
    SCALING_INACTIVE = "ScalingInactive", "The autoscaler cannot work; the message is its own (often: no metrics)."
    REVISION_CREATED = "RevisionCreated", "The spec made a new revision; its rollout begins."
    ROLLED_OUT = "RolledOut", "The rollout of a revision is complete."

    # Of releases.
    IDLE = "Idle", "No release is under way; the stable revision has all traffic."
    SETTLING = "Settling", "A new revision was seen; the release starts when no target has changed for 5 seconds."
    QUEUED = "Queued", "Other releases of the concurrency group are under way; the message names them."
    OUTSIDE_WINDOW = "OutsideWindow", "No window of spec.windows is open; the message says when the next one opens."
    RELEASE_STARTED = "ReleaseStarted", "The release of a new revision begins."
    PROGRESSING = "Progressing", "A step is under way; the message says what it waits for."
    STEP_PASSED = "StepPassed", "A step has passed; the next one begins."
    AWAITING_APPROVAL = "AwaitingApproval", "A step waits for somebody: `trimtab release promote` or `abort`."
    GATE_CLOSED = "GateClosed", "A gate withholds its consent, or does not answer; it is asked again."
    PAUSED = "Paused", "Somebody paused the release: `trimtab release resume` goes on. An abort never waits."
    HELD = "Held", "The release holds its share of traffic until what the condition Held names is over."
    PROMOTING = "Promoting", "All steps have passed; all traffic moves to the new revision."
    WATCHING = "Watching", "All traffic has moved; the old revision keeps its pods for spec.watch."
    RETIRING = "Retiring", "Nothing leads to the old revision any more; its last requests come to their end."
    PROMOTED = "Promoted", "The new revision is stable."
    PROMOTED_UNJUDGED = "PromotedUnjudged", "Somebody moved all traffic at once with promote-full, without judgement."
    ABORTING = "Aborting", "Traffic returns to the stable revision; then the new one's pods end."
    ABORTED = (
        "Aborted",
        "It was not let through and is rejected until the spec makes another, or `trimtab release retry NAME`.",
    )
    ABORT_REQUESTED = "AbortRequested", "Somebody asked for the abort."
    SUPERSEDED = "Superseded", "A newer revision came before the end; traffic returned to stable and its release began."
    REVERTED = "Reverted", "The spec went back to the stable revision before the end; nothing is rejected."
    VERB_ACCEPTED = "VerbAccepted", "A verb set as annotation is carried out."
    VERB_REFUSED = "VerbRefused", "A verb set as annotation does not fit, or no longer; status.verb says why."
    NOT_READY_WITHIN = "NotReadyWithin", "The new revision's pods were not ready within spec.analysis.readyWithin."
    RESTARTS_EXCEEDED = "RestartsExceeded", "The new revision's containers restarted more often than the KPI allows."
    KPI_FAILED = "KPIFailed", "A KPI is not met; the message names it and its figures."
    SLO_BREACHED = (
        "SLOBreached",
        "More of the new revision's requests fail than the KPI allows; the message has the counts.",
    )
    WORSE_THAN_STABLE = (
        "WorseThanStable",
        "More of the new revision's requests fail than of the old one's; the message has the counts.",
    )
    OUT_OF_BOUNDS = "OutOfBounds", "A gauge of the new revision is out of bounds, and that of the old one is not."
    EVIDENCE_NOT_AVAILABLE = (
        "EvidenceNotAvailable",
        "No metrics store is configured: set TRIMTAB_PROMETHEUS_URL, or promote-full or abort.",
    )
    EVIDENCE_AGAINST = (
        "EvidenceAgainst",
        "The step's time is up, but what was seen speaks against the new revision: see its logs.",
    )
    TRAFFIC_SHARE_MISMATCH = (
        "TrafficShareMismatch",
        "The new revision counts another share of requests than it is given: see the router's errors.",
    )
    ENVIRONMENT_UNHEALTHY = (
        "EnvironmentUnhealthy",
        "The old revision fails too, such as by a dependency; the release waits until that is over.",
    )
    TOO_LITTLE_TRAFFIC = "TooLittleTraffic", "Too few requests for a verdict; the message says how many are missing."
    NOT_YET_PROVEN = (
        "NotYetProven",
        "Nothing speaks against the new revision, but it is not proven good yet; more requests will do.",
    )
    NO_DATA = "NoData", "The metrics store has no fresh samples of the pods: see that it scrapes them."
    PROVIDER_ERROR = (
        "ProviderError",
        "The metrics store does not answer, or not as it should: see its address, load and credentials.",
    )
    DEADLINE_EXCEEDED = "DeadlineExceeded", "The release was undecided at spec.analysis.deadline."
    WEIGHT_UNCONFIRMED = "WeightUnconfirmed", "The share was set, but no request shows that it is in effect."
    WEIGHT_ROUNDED = "WeightRounded", "Pods cannot be divided so finely; the message says how many replicas it needs."
    NOT_SUPPORTED = "NotSupported", "What the release asks for is not supported here; the message has the remedy."
    TARGET_NOT_FOUND = "TargetNotFound", "A Microservice of spec.targets does not exist in this namespace."
    TARGET_CONFLICT = "TargetConflict", "An older CanaryRelease releases that Microservice already; it alone acts."
    RELEASED = "Released", "The revision that the spec asks for is the stable one."
    RELEASE_IN_PROGRESS = "ReleaseInProgress", "A release moves traffic to the revision that the spec asks for."
    REVISION_REJECTED = "RevisionRejected", "The spec asks for a revision that a release did not let through."
    RELEASE_POLICY_DELETED = "ReleasePolicyDeleted", "The CanaryRelease went away in the midst of a release."
    PROXY_ADDED = (
        "ProxyAdded",
        "The same revision is started anew with the proxy, which a release needs; it is not judged.",
    )
    NOTIFICATION_FAILED = "NotificationFailed", "A channel of spec.notify did not take a notice; the message says why."

    # Of bindings.
    BOUND = "Bound", "The backing service is ready, and its Secret is in place."
    CREATING = "Creating", "AWS is making the resource; the message says which and how long that usually takes."
    UPDATING = "Updating", "AWS is changing the resource; further changes wait for it."
    DELETING = "Deleting", "The resource is being deleted; a resource of the same name waits for that."
    RESOURCE_FAILED = "ResourceFailed", "AWS says that the resource failed; the message is AWS's own."
    PROJECTED = "Projected", "The Secret holds what the workload needs."
    PROJECTION_PENDING = "ProjectionPending", "The Secret is written once the resource can be used."
    KEY_NOT_FOUND = "KeyNotFound", "spec.inject names a key that the Secret has not; the message lists those it has."
    VARIABLE_TAKEN = (
        "VariableTaken",
        "Another binding, first by name, gives the workload that variable; its value holds. Rename one of the two.",
    )
    POLICY_DENIED = (
        "PolicyDenied",
        "No BindingPolicy permits it; the message says what was missing. Ask an administrator, or change the spec.",
    )
    NAMESPACE_TERMINATING = "NamespaceTerminating", "The namespace is being deleted; nothing is made in it any more."
    NOT_OURS = (
        "NotOurs",
        "A resource of that name is of another. Adopt it by spec.adopt, rename the ServiceBinding, or hand it over.",
    )
    HANDED_OVER = "HandedOver", "The resource was handed over to another cluster; this one touches it no more."
    IMMUTABLE_CHANGE = (
        "ImmutableChange",
        "AWS cannot change that setting of an existing resource. Set it back, or make a new ServiceBinding.",
    )
    DRIFTED = "Drifted", "Somebody else changed a setting; the message says which, what it should be and what it is."
    DRIFT_REMEDIED = "DriftRemedied", "A setting that somebody else had changed was changed back."
    DRIFT_CONFLICT = (
        "DriftConflict",
        "Somebody keeps changing a setting against the spec; the operator gave up until the spec changes. Find who.",
    )
    RESOURCE_MISSING = "ResourceMissing", "The resource was deleted by somebody else; what was in it is lost."
    RESOURCE_CREATED = "ResourceCreated", "A resource was made."
    RESOURCE_DELETED = "ResourceDeleted", "A resource was deleted."
    RESOURCE_RETAINED = "ResourceRetained", "The ServiceBinding is gone; the resource and its Secret were kept."
    ADOPTED = "Adopted", "An existing resource was taken over."
    REATTACHED = "Reattached", "A resource of an earlier ServiceBinding of that name was taken up again."
    IN_USE = "InUse", "Something still uses the Secret; the message names it. The deletion goes on when it is gone."
    NOT_EMPTY = "NotEmpty", "The resource still holds data and is not deleted. Empty it, or choose Retain."
    THROTTLED = "Throttled", "AWS asked for fewer calls; the operator slows down and goes on."
    CLOUD_DENIED = "CloudDenied", "The role lacks a right; the message names the action. `trimtab policy iam` has all."
    CLOUD_INVALID = "CloudInvalid", "AWS refuses the request as it stands; the message is AWS's own."
    CLOUD_BUSY = "CloudBusy", "AWS takes no change of the resource now; it is tried again."
    CLOUD_QUOTA_EXCEEDED = "CloudQuotaExceeded", "A quota of the AWS account is used up; raise it, or delete something."
    CLOUD_UNAVAILABLE = "CloudUnavailable", "AWS does not answer, or with an error of its own; it is tried again."
    CIRCUIT_OPEN = "CircuitOpen", "AWS failed too often lately; calls to this service of the account pause."
    BINDING_NOT_READY = "BindingNotReady", "A ServiceBinding of the service is not ready; see its own status."
    IDENTITY_INJECTED = "IdentityInjected", "Pods get the credentials of the workload's role."
    IDENTITY_NOT_INJECTED = "IdentityNotInjected", "Pods would get no credentials yet; the new revision waits for that."
    IDENTITY_PENDING = "IdentityPending", "The workload's role is being made; a fresh role takes a while to be known."
    IDENTITY_NOT_MANAGED = "IdentityNotManaged", "The BindingPolicy has identity mode None: workloads bring their own."
    IN_FORCE = "InForce", "The policy is in force."
    PERMISSIONS_MISSING = "PermissionsMissing", "The policy's role lacks rights; the message names the actions."
    PERMISSIONS_UNKNOWN = "PermissionsUnknown", "The role may not ask what it may do (iam:SimulatePrincipalPolicy)."
    ORPHANS_FOUND = "OrphansFound", "Resources exist whose ServiceBinding is gone; status.orphans lists them."
    ORPHAN_DELETED = "OrphanDeleted", "A resource whose ServiceBinding is gone was deleted, as the policy says."
