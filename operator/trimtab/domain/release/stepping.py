"""The steps: each is entered, put in effect, baked, judged, approved, and then passed."""

from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.release import candidates, orders, verdicts
from trimtab.domain.release.consent import gates_open, window_open
from trimtab.domain.release.durations import seconds, spoken
from trimtab.domain.release.holding import announced, held, undecided, waiting_for
from trimtab.domain.release.look import Look
from trimtab.domain.release.returning import aborted, overtaken
from trimtab.domain.release.stages import Stage, kept, marks, resumed
from trimtab.domain.release.state import Phase, State


def stepping(state: State, look: Look) -> State:
    """One look at the step that is under way."""
    if (cause := verdicts.fatal(state, look)) is not None:
        return aborted(state, look, cause)
    if candidates.wanted(state, look) != candidates.released(state):
        return overtaken(state, look)
    state = replace(_restaged(state, look), spent=state.spent + look.dt, awaiting=False)
    title = stage_title(state, look)
    if state.paused:
        return state.noted("Paused", Reason.PAUSED, f"{title}: paused; trimtab release resume {look.name} goes on")
    stage = look.stages[state.stage]
    state, entered = _entered(state, look, stage)
    if not entered:
        return state
    state, moved = orders.moved(state, look, orders.to_stage(stage, look, state.floor))
    if not moved:
        return undecided(replace(state, effective=False), look, f"{title}: {waiting_for(state, look)}")
    state = replace(state, effective=True, bake=min(state.bake + look.dt * state.effective, stage.bake))
    left = stage.bake - state.bake
    if left > 0:
        message = f"{title}: bakes {spoken(left)} more"
        return state.noted("Progressing", Reason.PROGRESSING, message, timer=left)
    return _baked(state, look, stage)


def _restaged(state: State, look: Look) -> State:
    """With the index that holds for the present strategy; if its stage was changed, from the weight that there is."""
    strategy = marks(look.stages)
    if strategy == state.strategy:
        return state
    if not state.strategy or kept(look.stages, state.strategy, state.stage):
        return replace(state, strategy=strategy)
    weight = max((leg.order.weight for leg in state.moving if leg.order), default=0)
    index = resumed(look.stages, weight)
    same = look.stages[index].weight == weight
    return replace(
        state,
        strategy=strategy,
        stage=index,
        floor=weight,
        bake=state.bake if same else 0.0,
        entered=same and state.entered,
        approved=False,
    )


def stage_title(state: State, look: Look) -> str:
    """Such as: step 2/3 at 25 %."""
    stage = look.stages[min(state.stage, len(look.stages) - 1)]
    label = f"at {state.floor} %" if state.floor > stage.weight else stage.label
    return f"step {min(state.stage + 1, len(look.stages))}/{len(look.stages)} {label}"


def _entered(state: State, look: Look, stage: Stage) -> tuple[State, bool]:
    """Whether windows and gates let the step begin; for a gate to try them, pods are there before the first request."""
    if state.entered:
        return state, True
    title = stage_title(state, look)
    state, free = window_open(state, look, "Progressing", title)
    if not free:
        return state, False
    if stage.traffic and any(gate.webhook.phase == "BeforeStep" for gate in look.spec.gates):
        if not any(leg.exposed for leg in state.moving):
            state, ready = orders.moved(state, look, orders.to_pods(max(stage.capacity, state.floor)), seen=False)
            if not ready:
                return undecided(state, look, f"{title}: {waiting_for(state, look)}"), False
        state, free = gates_open(state, look, "BeforeStep", "Progressing", title)
        if not free:
            return state, False
    return replace(state, entered=True, granted=()), True


def _baked(state: State, look: Look, stage: Stage) -> State:
    """Once the time is up: verdicts, then the approval, then what comes next."""
    overdue = state.spent >= seconds(look.spec.analysis.deadline)
    missing = verdicts.missing(state, look, overdue=overdue, traffic=stage.traffic or state.floor > 0)
    title = stage_title(state, look)
    if missing is not None:
        why = f"{title}: KPI {missing.kpi} of {missing.target}: {missing.verdict.message}"
        return held(state, look, missing.verdict.reason, why, on=("KPI", missing.kpi))
    if stage.approval and not state.approved:
        message = f"{title}: passed; trimtab release promote {look.name} goes on, abort goes back"
        state = announced(state, Reason.AWAITING_APPROVAL, message, event="AwaitingApproval", id_=str(state.stage))
        return replace(state, awaiting=True).noted(
            "AwaitingApproval", Reason.AWAITING_APPROVAL, message, on=("Approval", f"step {state.stage + 1}")
        )
    return _passed(state, look).told(Reason.STEP_PASSED, f"{title}: passed; {verdicts.summary(state, look)}")


def _passed(state: State, look: Look) -> State:
    following = state.stage + 1
    state = replace(state, bake=0.0, effective=False, entered=False, approved=False, granted=(), closed="")
    if following < len(look.stages):
        return replace(state, stage=following)
    return replace(state, phase=Phase.PROMOTING, message=verdicts.summary(state, look))
