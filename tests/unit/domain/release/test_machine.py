"""Random histories of releases: in whatever order things happen, the promises of faults.md 1.5 hold at every write."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.domain.release.world import World

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.release.observation import Answer
from trimtab.domain.release.stages import Stage, stages
from trimtab.domain.release.step import step
from trimtab.domain.traffic.order import Order

_STRATEGIES: tuple[dict[str, Any], ...] = (
    {"canary": {"steps": [{"weight": "10%", "bake": "30s"}, {"weight": "50%", "bake": "1m"}]}},
    {"canary": {"steps": [{"weight": "25%", "bake": "40s", "approval": "Required"}]}},
    {"linear": {"increment": "40%", "interval": "20s", "maxWeight": "80%"}},
    {"allAtOnce": {"bake": "1m"}},
    {"blueGreen": {"bake": "40s", "approval": "Required"}},
    {"abTest": {"match": [{"header": {"name": "x", "exact": "1"}}], "bake": "40s"}},
    {"mirror": {"percent": "20%", "bake": "30s", "then": {"allAtOnce": {"bake": "30s"}}}},
)
_GATES: tuple[dict[str, Any], ...] = tuple(
    {"name": f"gate-{phase.lower()}", "webhook": {"url": "https://tests.example/x", "phase": phase}}
    for phase in ("BeforeRelease", "BeforeStep", "BeforePromotion")
)
_VERBS = ("promote", "promote-full", "abort", "pause", "resume", "retry")
_TROUBLES = ("not ready", "ready again", "restart", "Pass", "Pass", "Insufficient", "ProviderError", "Fail")
_WEATHER = ("autoscaler", "traffic", "clock jump", "death before the write", "restart", "gate", "suspended")
_JUMP = 30.0
"""Seconds that one jump of the clock may count for, at most (three intervals)."""


class _Watch:
    """What an onlooker notes of one target: he sees only what is written, and the true time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.order = Order(sequence=0, release="", provider="", stable="")
        self.in_place = 0.0
        self.jumps = 0
        self.rejected: set[str] = set()


class Releases(RuleBasedStateMachine):
    """Rules are what may happen; invariants look at every state in between.

    `mutable`: the strategy may change in the midst, so that nobody can say from outside how long a bake was to be.
    """

    @initialize(
        strategy=st.sampled_from(_STRATEGIES),
        names=st.sampled_from((("orders",), ("orders", "stock"))),
        routed=st.booleans(),
        counted=st.booleans(),
        gated=st.booleans(),
        watch=st.sampled_from(("0s", "30s")),
        late=st.sampled_from(("Hold", "Abort", "Promote")),
        deadline=st.sampled_from(("5m", "6h", "6h")),
        mutable=st.sampled_from((False, False, True)),
    )
    def begin(
        self,
        strategy: dict[str, Any],
        names: tuple[str, ...],
        routed: bool,
        counted: bool,
        gated: bool,
        watch: str,
        late: str,
        deadline: str,
        mutable: bool,
    ) -> None:
        declared = {
            "targets": [{"name": name} for name in names],
            "strategy": strategy,
            "kpis": [
                {"name": "pods", "pods": {"maxRestarts": 0}},
                {"name": "errors", "requests": {"successRate": "99%"}},
            ],
            "gates": list(_GATES) if gated else [],
            "watch": watch,
            "analysis": {"readyWithin": "2m", "onInconclusive": late, "deadline": deadline},
        }
        self.world = World(declared, routed=routed, counted=counted)
        self.names = names
        self.watches = {name: _Watch(name) for name in names}
        self.revisions = 1
        self.nonce = 0
        self.said: list[str] = []
        self.full = False
        self.mutable = mutable
        for name in names:
            self.world.judge("Pass", "errors", name=name)
        self.world.until("Idle")

    # What may happen.

    @rule(rounds=st.integers(1, 8), pace=st.sampled_from((1.0, 5.0, 10.0)))
    def time_passes(self, rounds: int, pace: float) -> None:
        for _ in range(rounds):
            self.look()
            self.world.work()
            self.world.advance(pace)
            self.note_time(pace)

    @rule()
    def a_minute_passes(self) -> None:
        self.time_passes(6, 10.0)

    @rule()
    def a_while_passes(self) -> None:
        self.time_passes(18, 10.0)

    @precondition(lambda self: self.at_rest)
    @rule(name=st.sampled_from(("orders", "stock")))
    def new_revision(self, name: str) -> None:
        self.revisions += 1
        self.world.change(f"r{self.revisions}", name if name in self.names else self.names[0])
        self.look()
        self.a_while_passes()

    @rule(name=st.sampled_from(("orders", "stock")), how=st.sampled_from(("", "", "", "", "new", "back")))
    def change_of_mind(self, name: str, how: str) -> None:
        name = name if name in self.names else self.names[0]
        self.revisions += 1
        if how:
            self.world.change(self.world.target(name)["stable"] if how == "back" else f"r{self.revisions}", name)
        self.look()

    @property
    def at_rest(self) -> bool:
        return self.world.status["phase"] in ("Idle", "Promoted", "Aborted")

    @rule(verb=st.sampled_from(_VERBS), stale=st.sampled_from((False, False, False, True)))
    def somebody_says(self, verb: str, stale: bool) -> None:
        self.nonce += 1
        self.world.verb(verb, "r0" if stale else None, nonce=str(self.nonce))
        self.said.append(self.world.annotations[labels.RELEASE])
        self.look()
        answer = self.world.status["verb"]
        assert answer["value"] == self.said[-1]
        accepted = answer["result"] == "Accepted"
        assert not (stale and accepted)
        if accepted and verb == "promote-full":
            self.full = True
        if accepted and verb == "retry":
            for watch in self.watches.values():
                watch.rejected.clear()

    @rule(what=st.sampled_from(_TROUBLES), name=st.sampled_from(("orders", "stock")))
    def trouble(self, what: str, name: str) -> None:
        """With the candidate, or with those who judge it."""
        name = name if name in self.names else self.names[0]
        service = self.world.services[name]
        if what == "not ready":
            service.broken = {service.revision} - {service.stable}
        elif what == "ready again":
            service.broken = set()
        elif what == "restart":
            for pod in [each for each in service.pods.values() if each["revision"] == service.revision][:1]:
                pod["restarts"] += 1
        else:
            reason = Reason.TOO_LITTLE_TRAFFIC if what == "Insufficient" else Reason.KPI_FAILED
            self.world.judge(what, "errors", reason, name)

    @rule(what=st.sampled_from(_WEATHER), data=st.data())
    def weather(self, what: str, data: st.DataObject) -> None:
        """What a release has to live with."""
        world, service = self.world, self.world.services[data.draw(st.sampled_from(self.names))]
        if what == "autoscaler":
            service.wanted = data.draw(st.integers(1, 8))
        elif what == "traffic":
            service.traffic = data.draw(st.sampled_from((0.0, 100.0)))
        elif what == "clock jump":
            self.jump(data.draw(st.sampled_from((-3600.0, 3600.0))))
        elif what == "death before the write":
            step(world.observe(), world.now)
        elif what == "restart":
            world.answers = {}
        elif what == "gate":
            gate = data.draw(st.sampled_from(_GATES))["name"]
            world.gates[gate] = Answer(open=data.draw(st.booleans()), message="so it is")
        elif what == "suspended":
            world.spec["suspend"] = data.draw(st.booleans())

    def jump(self, seconds: float) -> None:
        true = self.world.true
        self.world.advance(seconds)
        self.world.true = true
        for watch in self.watches.values():
            watch.jumps += 1

    @precondition(lambda self: self.mutable)
    @rule(strategy=st.sampled_from(_STRATEGIES))
    def other_strategy(self, strategy: dict[str, Any]) -> None:
        self.world.spec["strategy"] = strategy
        self.look()

    # What must hold.

    def look(self) -> None:
        """One reconcile, and everything that is to hold between two writes."""
        before = {name: watch.order for name, watch in self.watches.items()}
        self.world.apply()
        for name, watch in self.watches.items():
            target = self.world.target(name)
            order = Order.from_status(target["order"])
            if order != before[name]:
                self.new_order(watch, before[name], order)
                watch.order, watch.in_place, watch.jumps = order, 0.0, 0
            if rejected := target.get("rejected"):
                watch.rejected.add(rejected["revision"])
            if self.world.services[name].revision not in watch.rejected:
                watch.rejected.clear()

    def new_order(self, watch: _Watch, before: Order, order: Order) -> None:
        service = self.world.services[watch.name]
        assert order.sequence > before.sequence, "the sequence rises with every change"
        assert 0 <= order.weight <= 100
        if order.candidate:
            assert order.candidate != order.stable
            assert order.capacity >= order.weight, "capacity for what the weight brings"
            exposed = order.weight or order.matched or order.mirror
            assert not (exposed and order.candidate in watch.rejected), "S5: nothing goes back to a rejected revision"
        if before.candidate and not order.candidate and order.stable == before.stable:
            assert service.weight == 0, "S6: pods go after traffic"
        if before.stable and order.stable != before.stable and before.sequence > 1:
            assert order.stable == before.candidate, "only a released revision becomes stable"
            assert before.weight == 100
            assert before.address == "Candidate"
        if order.candidate == before.candidate and order.weight > before.weight > 0 and not self.full:
            self.passed(watch, before)
        if not order.candidate:
            self.full = self.full and any(each.order.candidate for each in self.watches.values() if each is not watch)

    def passed(self, watch: _Watch, before: Order) -> None:
        """S3, S4: a share is left upwards only after its bake, in place, with all verdicts passing."""
        if self.mutable:
            return
        bake = next(stage.bake for stage in self.stages() if stage.weight == before.weight)
        assert watch.in_place + watch.jumps * _JUMP >= bake, "a step is not passed before its bake"
        assert self.verdicts_pass() or self.lenient(), "a step is not passed against a verdict"

    def lenient(self) -> bool:
        analysis = self.world.spec["analysis"]
        return bool(analysis["onInconclusive"] == "Promote" and analysis["deadline"] == "5m")

    def verdicts_pass(self) -> bool:
        changed = [name for name in self.names if self.world.target(name).get("candidate")]
        return all(self.world.verdicts[name, "errors"].result == "Pass" for name in changed)

    def stages(self) -> tuple[Stage, ...]:
        return stages(CanaryReleaseSpec.model_validate(self.world.spec).strategy)

    def note_time(self, passed: float) -> None:
        for name, watch in self.watches.items():
            echo = self.world.services[name].echo()
            if echo is not None and echo.sequence == watch.order.sequence and echo.in_place:
                watch.in_place += passed

    @precondition(lambda self: hasattr(self, "world"))
    @invariant()
    def one_answer_for_each_verb(self) -> None:
        answers = [
            event.message.partition(":")[0]
            for event in self.world.events
            if event.reason in (Reason.VERB_ACCEPTED, Reason.VERB_REFUSED)
        ]
        assert answers == self.said

    @precondition(lambda self: hasattr(self, "world"))
    @invariant()
    def progress_is_small(self) -> None:
        assert len(str(self.world.status["progress"])) < 4096

    def teardown(self) -> None:
        """Liveness: when judges and people consent, every release comes to its end, also that of a broken revision."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.spec["suspend"], world.gates = False, {}
        for name in self.names:
            world.judge("Pass", "errors", name=name)
            if self.revisions % 2 == 0:
                world.services[name].broken = set()
        self.come_to_rest()
        for name in self.names:
            target, service = world.target(name), world.services[name]
            assert target["stable"] == service.revision or service.revision in self.watches[name].rejected
            assert not target.get("candidate")
        world.run(30)
        writes = world.writes
        world.run(30)
        assert world.writes == writes, "at rest nothing is written"
        assert world.after is None

    def come_to_rest(self) -> None:
        for _ in range(600):
            self.look()
            if self.at_rest:
                return
            wait = {"AwaitingApproval": "promote", "Paused": "resume"}.get(self.world.status["phase"])
            if self.world.condition("Held").get("reason") == Reason.DEADLINE_EXCEEDED:
                wait = "promote-full"
            if wait:
                self.somebody_says(wait, stale=False)
            self.world.work()
            self.world.advance(5.0)
            self.note_time(5.0)
        raise AssertionError(f"no end: {self.world.status['phase']}: {self.world.message}")


Releases.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestReleases = Releases.TestCase
