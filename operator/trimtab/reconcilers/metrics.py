"""Metrics of the queue and the workers, named as controller-runtime names them, so that its dashboards work."""

from prometheus_client import Counter, Gauge, Histogram

BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

QUEUE_DEPTH = Gauge("workqueue_depth", "Keys that wait for a worker.", ["name"])
QUEUE_ADDS = Counter("workqueue_adds_total", "Keys added, after collapsing of those already waiting.", ["name"])
QUEUE_RETRIES = Counter("workqueue_retries_total", "Keys added again after a failure.", ["name"])
QUEUE_WAIT = Histogram(
    "workqueue_queue_duration_seconds", "Time that a key waited for a worker.", ["name"], buckets=BUCKETS
)
QUEUE_WORK = Histogram("workqueue_work_duration_seconds", "Time that a worker took.", ["name"], buckets=BUCKETS)
QUEUE_UNFINISHED = Gauge("workqueue_unfinished_work_seconds", "Sum of the ages of running reconciles.", ["name"])
QUEUE_LONGEST = Gauge("workqueue_longest_running_processor_seconds", "Age of the oldest running reconcile.", ["name"])

RECONCILES = Counter("controller_runtime_reconcile_total", "Reconciles by result.", ["controller", "result"])
RECONCILE_TIME = Histogram(
    "controller_runtime_reconcile_time_seconds", "Duration of a reconcile.", ["controller"], buckets=BUCKETS
)
RECONCILE_ERRORS = Counter("controller_runtime_reconcile_errors_total", "Reconciles that failed.", ["controller"])
RECONCILE_PANICS = Counter(
    "controller_runtime_reconcile_panics_total", "Reconciles that ended in an unexpected exception.", ["controller"]
)
ACTIVE_WORKERS = Gauge("controller_runtime_active_workers", "Workers that are busy.", ["controller"])

NOTIFICATIONS = Counter(
    "trimtab_notifications_total", "Attempts to deliver a notification by result.", ["channel", "result"]
)
