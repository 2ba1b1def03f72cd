"""Takes the metrics store away for a while."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.kubectl import kubectl

_DEPLOYMENT = ("-n", "monitoring", "scale", "deployment/prometheus")


@asynccontextmanager
async def prometheus_away() -> AsyncIterator[None]:
    """Prometheus neither scrapes nor answers inside of this, and does so again afterwards, whatever happens."""
    state = os.environ.get("TRIMTAB_CLUSTER_STATE")
    pid = int((Path(state) / "pids" / "prometheus").read_text()) if state else None
    try:
        if pid is None:
            await kubectl(*_DEPLOYMENT, "--replicas=0")
        else:
            os.kill(pid, signal.SIGSTOP)  # it takes connections and never answers, the worst of outages
        yield
    finally:
        if pid is None:
            await kubectl(*_DEPLOYMENT, "--replicas=1")
        else:
            os.kill(pid, signal.SIGCONT)
