"""The one error of the cluster tooling."""


class ClusterError(Exception):
    """A problem that a person can act on; the message says what failed and what to do. Shown without a traceback."""
