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
    EXPOSED = "Exposed", "The Gateway accepted the route and resolved its backends."
    ROUTE_PENDING = "RoutePending", "The Gateway has not yet said whether it accepts the route."
    ROUTE_NOT_ACCEPTED = "RouteNotAccepted", "The Gateway refused the route; the message is the Gateway's own."
    SCALING = "Scaling", "The autoscaler is active."
    SCALING_INACTIVE = "ScalingInactive", "The autoscaler cannot work; the message is its own (often: no metrics)."
    REVISION_CREATED = "RevisionCreated", "The spec made a new revision; its rollout begins."
    ROLLED_OUT = "RolledOut", "The rollout of a revision is complete."
