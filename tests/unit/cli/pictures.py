"""Releases as the operator's status tells of them, one for each thing that can be seen."""

from typing import Any

from trimtab.cli.release.picture import Picture

STABLE, CANDIDATE = "a1b2c3d4e5", "g5tme2hiyb"
AT = 1767322985.0
"""2026-01-02T03:03:05Z, in unix time: up to then the operator had counted."""

CANARY = {"canary": {"steps": [{"weight": f"{w}%", "bake": "2m"} for w in (5, 25, 50)]}}


def release(
    phase: str = "Progressing",
    message: str = "",
    *,
    strategy: Any = None,
    targets: Any = None,
    progress: Any = None,
    extra: Any = (),
    **status: Any,
) -> dict[str, Any]:
    """A CanaryRelease whose one target moves from STABLE to CANDIDATE."""
    ready = "True" if phase in ("Idle", "Promoted") else "False"
    conditions = [{"type": "Ready", "status": ready, "reason": phase, "message": message}, *extra]
    return {
        "metadata": {"namespace": "shop", "name": "orders", "generation": 3},
        "spec": {
            "targets": [{"name": target["name"]} for target in targets or [moving()]],
            "strategy": strategy or CANARY,
            "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
            "watch": "30m",
        },
        "status": {
            "observedGeneration": 3,
            "phase": phase,
            "releaseID": CANDIDATE,
            "conditions": conditions,
            "targets": targets or [moving()],
            "progress": {"version": 1, "at": AT, **(progress or {})},
            **status,
        },
    }


def moving(name: str = "orders", **fields: Any) -> dict[str, Any]:
    """A target that is being released."""
    return {
        "name": name,
        "stable": STABLE,
        "candidate": CANDIDATE,
        "stableVersion": "1.4.1",
        "version": "1.4.2",
        **fields,
    }


def resting(stable: str = STABLE, version: str = "1.4.1", **fields: Any) -> dict[str, Any]:
    """A target of which nothing is released."""
    return {"name": "orders", "stable": stable, "stableVersion": version, **fields}


def service(
    revision: str = CANDIDATE, name: str = "orders", generation: int = 7, weight: str = "25%", **status: Any
) -> dict[str, Any]:
    """A Microservice with two pods of stable and one of the candidate."""
    echo = {"wanted": 2, "stableReady": 2, "candidateWanted": 1, "candidateReady": 1, "weight": weight}
    return {
        "metadata": {"namespace": "shop", "name": name, "generation": generation},
        "spec": {},
        "status": {"observedGeneration": 7, "revision": revision, "ready": "2/2", "release": echo, **status},
    }


def picture(resource: dict[str, Any], *services: dict[str, Any]) -> Picture:
    return Picture(release=resource, services={each["metadata"]["name"]: each for each in services or (service(),)})


KPI = {"target": "orders", "name": "pods", "verdict": "Pass", "message": "0 restarts of at most 0"}
STEPPING = picture(
    release(
        "Progressing",
        "step 2 of 3, at 25 %: bakes",
        step=2,
        steps=3,
        position="2/3",
        weight="25%",
        eta="2026-01-02T03:36:05Z",
        kpis=[KPI],
        progress={"stage": 1, "bake": 60.0},
        extra=[
            {"type": "Reconciling", "status": "True", "reason": "Progressing", "message": "step 2 of 3, at 25 %: bakes"}
        ],
    )
)

AWAITING = picture(
    release(
        "AwaitingApproval",
        "step 3 of 3, at 50 %: waits for `trimtab release promote`",
        strategy={
            "canary": {
                "steps": [*CANARY["canary"]["steps"][:2], {"weight": "50%", "bake": "5m", "approval": "Required"}]
            }
        },
        targets=[moving(message="1 of 1 pods are ready; WeightRounded: 5 % needs 19 replicas")],
        step=3,
        steps=3,
        position="3/3",
        weight="50%",
        progress={"stage": 2, "bake": 300.0},
        verb={
            "value": "promote/1111111111/aa",
            "result": "Refused",
            "message": "it is about release 1111111111, but status.releaseID is g5tme2hiyb",
        },
    ),
    service(weight="50%"),
)
HELD = picture(
    release(
        "Held",
        "step 1 of 3, at 5 %: errors: evidence of this kind is not available yet",
        targets=[moving()],
        step=1,
        steps=3,
        position="1/3",
        weight="5%",
        progress={"stage": 0, "bake": 12.0},
        kpis=[KPI, {"target": "orders", "name": "errors", "verdict": "Insufficient", "message": "no data"}],
        waitingFor=[
            {
                "kind": "Webhook",
                "name": "smoke",
                "reason": "GateClosed",
                "message": "tests.example answered 503",
                "since": "2026-01-02T03:01:10Z",
            }
        ],
        extra=[
            {
                "type": "Held",
                "status": "True",
                "reason": "EvidenceNotAvailable",
                "message": "no KPI of the kind requests is judged",
            }
        ],
    ),
    service(weight="3.2%"),
)
ERRORS = {
    "target": "orders",
    "name": "errors",
    "verdict": "Insufficient",
    "reason": "NotYetProven",
    "message": "7 of 1,900 requests failed (0.37%), of stable's 8 of 1,912 (0.42%); nothing speaks against it, but it "
    "is proven to 64% only; about 1,900 more requests, 14m",
    "compareTo": "Both",
    "candidate": {"requests": 1900, "failed": 7, "share": "0.37%"},
    "stable": {"requests": 1912, "failed": 8, "share": "0.42%"},
    "abort": "3%",
    "promote": "64%",
    "eta": "about 1,900 more requests, 14m",
    "evidence": "AAAA",
    "ledger": "BBBB",
}
LATENCY = {
    "target": "orders",
    "name": "latency",
    "verdict": "Insufficient",
    "reason": "TooLittleTraffic",
    "message": "0 of at least 100 requests, in 0 of at least 3 ticks with data",
    "compareTo": "SLO",
    "candidate": {"requests": 0, "failed": 0},
    "stable": {"requests": 1234567, "failed": 1234, "share": "0.1%"},
    "abort": "0%",
    "promote": "0%",
}
LAG = {
    "target": "orders",
    "name": "lag",
    "verdict": "Pass",
    "message": "12.5 of at most 30",
    "candidate": {"value": "12.5"},
    "stable": {"value": "11.9"},
}
PROVING = picture(
    release(
        "Held",
        "step 3 of 3, at 50 %: orders/errors is not yet proven",
        step=3,
        steps=3,
        position="3/3",
        weight="50%",
        kpis=[KPI, ERRORS, LATENCY, LAG],
        progress={"stage": 2, "bake": 120.0},
        extra=[
            {
                "type": "Held",
                "status": "True",
                "reason": "NotYetProven",
                "message": "step 3 of 3, at 50 %: orders/errors is not yet proven",
            }
        ],
    ),
    service(weight="50%"),
)
FAILING = picture(
    release(
        "Aborting",
        "orders: KPI errors: 2.1 % of 1,900 requests failed, at most 1 % may",
        step=2,
        steps=3,
        position="2/3",
        weight="0%",
        kpis=[
            {
                **ERRORS,
                "verdict": "Fail",
                "reason": "SLOBreached",
                "message": "2.1 % of 1,900 requests failed, at most 1 % may",
                "candidate": {"requests": 1900, "failed": 40, "share": "2.1%"},
                "abort": "100%",
                "promote": "0%",
                "eta": "",
            }
        ],
        progress={"stage": 1, "bake": 60.0},
    ),
    service(weight="0%"),
)
ABORTED = picture(
    release(
        "Aborted",
        "orders g5tme2hiyb rejected (NotReady): 0 of 1 pods were ready. "
        "change the spec, or trimtab release retry orders",
        targets=[resting(rejected={"revision": CANDIDATE, "reason": "NotReady"})],
        steps=3,
        extra=[{"type": "Stalled", "status": "True", "reason": "Aborted"}],
    ),
    service(version="1.4.2"),
)
PROMOTED = picture(
    release("Promoted", "the newest revision is stable", targets=[resting(CANDIDATE, "1.4.2")], steps=3), service()
)
WATCHING = picture(
    release(
        "Watching",
        "all traffic has moved; stable keeps its pods",
        targets=[moving()],
        step=3,
        steps=3,
        position="3/3",
        weight="100%",
        eta="2026-01-02T03:21:05Z",
        progress={"watched": 720.0},
    ),
    service(release={"wanted": 2, "stableReady": 2, "candidateWanted": 2, "candidateReady": 2, "weight": "100%"}),
)
PREVIEW = picture(
    release(
        "Progressing",
        "step 1 of 2, as a preview: waits for pods",
        strategy={"blueGreen": {"bake": "10m"}},
        targets=[moving(message="0 of 2 pods are ready")],
        step=1,
        steps=2,
        position="1/2",
    ),
    service(release={"wanted": 2, "stableReady": 2, "candidateWanted": 2}),
)
TOGETHER = picture(
    release(
        "Progressing",
        "step 17 of 50, at 17 %: orders is in place, a-service-with-a-very-long-name-indeed is not",
        strategy={"linear": {"increment": "1%", "interval": "1m"}},
        targets=[
            moving(),
            moving("a-service-with-a-very-long-name-indeed", version="sha-0123456789abcdef0123456789"),
        ],
        step=17,
        steps=50,
        position="17/50",
        weight="17%",
    ),
    service(weight="17%"),
    service(name="a-service-with-a-very-long-name-indeed", weight="16%"),
)
NEW = Picture(release={**release(), "status": {}})
ALL = {
    "stepping": STEPPING,
    "awaiting": AWAITING,
    "held": HELD,
    "proving": PROVING,
    "failing": FAILING,
    "aborted": ABORTED,
    "promoted": PROMOTED,
    "watching": WATCHING,
    "preview": PREVIEW,
    "together": TOGETHER,
    "new": NEW,
}
