"""What the state machine remembers: all of it is in the CanaryRelease's status, so that a restart changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain.release.gates import Question
from trimtab.domain.traffic.order import Order, Rejection

VERSION = 1
"""Of status.progress; raised when its fields change their meaning."""


class Phase(StrEnum):
    """Where a release is. `status.phase` says the same for people, with more shades."""

    IDLE = "Idle"
    SETTLING = "Settling"
    QUEUED = "Queued"
    STEPPING = "Stepping"
    PROMOTING = "Promoting"
    MOVING = "Moving"
    WATCHING = "Watching"
    RETIRING = "Retiring"
    RETURNING = "Returning"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened in this very step: an Event, and for channels that want `event` a notice.

    `id` tells the notice from others of the same event; `release` and `released` are those of the state then.
    """

    reason: Reason
    message: str
    warning: bool
    event: str
    id: str
    release: str
    released: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is going on now, for people. `phase` is a value of status.phase; `held` is the reason of condition Held.

    `on`: kind and name of what is waited for, if it is something outside the targets.
    """

    phase: str
    reason: Reason
    message: str
    held: Reason | None = None
    on: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """The part of one Microservice in the release.

    `stable` and `candidate` are revisions; without a release under way there is no candidate. `settled`: stable has
    served once, so that another revision needs a release; `first`: nothing had served before it. `exposed`: the
    candidate may have had requests. `uid` is the Microservice's own: one that is made anew is another.

    Of the order in force: `confirmed` is its sequence once it was seen in effect, when the service had `wanted` pods;
    `guessed`: no request showed it. `mark` is the metrics store's own time of the newest sample when the order was
    first seen in place; `waited` counts the seconds since, `pending` those before. `unready`: seconds for which pods
    were missing. `since`: the store's time since when the candidate has had the `share` of requests, in percent, that
    it has now, whether or not the order asks for more; counts are judged from then on.

    `restarts` by pod UID, of the release; `baseline` what the pods had behind them when it began.
    """

    name: str
    stable: str = ""
    candidate: str = ""
    order: Order | None = None
    rejected: Rejection | None = None
    uid: str = ""
    settled: bool = False
    first: bool = False
    exposed: bool = False
    confirmed: int = 0
    wanted: int = 0
    guessed: bool = False
    mark: float | None = None
    since: float | None = None
    share: float = 0.0
    waited: float = 0.0
    pending: float = 0.0
    unready: float = 0.0
    restarts: Mapping[str, int] = field(default_factory=dict)
    baseline: Mapping[str, int] = field(default_factory=dict)

    def ended(self, stable: str) -> "Leg":
        """Without anything of a release, on revision `stable`."""
        return Leg(
            name=self.name,
            uid=self.uid,
            stable=stable,
            order=self.order,
            rejected=self.rejected,
            settled=self.settled,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The whole machine. Durations are accumulated seconds, never differences of clock times.

    `at` is the unix time up to which they are counted, 0 while nothing is to be counted. `release` is the id of the
    release under way, or of the last. `released` names what is released: `{name, revision, version}` each.

    Of the stage: its index `stage`; `entered` once windows and gates let it begin; `strategy`, a digest of the stages
    for which the index holds; `floor`, the weight below which a changed strategy does not fall; `effective`, whether
    all orders were in effect at `at`, so that time counts from then on; `bake`, `approved`, and `awaiting` while only
    the approval is missing. `granted` are the gates that consented to what comes next; `closed` is what one of them
    said instead, at unix time `asked_at`, when it had been asked `asks` times.

    `spent` counts towards the deadline, `settling` since the last change, `queued` since the place in the queue was
    taken (`ticket`, an RFC 3339 time), `watched` in the watch. `unjudged`: promote-full was said. `outcome`, `reason`
    and `message`: why traffic goes back. `announced`: which wait was told last.

    The fields from `note` on belong to one step and are not kept.
    """

    phase: Phase = Phase.IDLE
    at: float = 0.0
    release: str = ""
    released: tuple[Mapping[str, str], ...] = ()
    started: str = ""
    stage: int = 0
    entered: bool = False
    strategy: str = ""
    floor: int = 0
    effective: bool = False
    bake: float = 0.0
    approved: bool = False
    awaiting: bool = False
    granted: tuple[str, ...] = ()
    asks: int = 0
    asked_at: float = 0.0
    closed: str = ""
    spent: float = 0.0
    settling: float = 0.0
    queued: float = 0.0
    ticket: str = ""
    watched: float = 0.0
    paused: bool = False
    unjudged: bool = False
    outcome: str = ""
    reason: str = ""
    message: str = ""
    announced: str = ""
    legs: tuple[Leg, ...] = ()
    verb: Mapping[str, str] | None = None
    history: tuple[Mapping[str, Any], ...] = ()
    notices: tuple[Mapping[str, Any], ...] = ()
    note: Note | None = field(default=None, compare=False)
    timer: float | None = field(default=None, compare=False)
    questions: tuple[Question, ...] = field(default=(), compare=False)
    news: tuple[News, ...] = field(default=(), compare=False)

    @property
    def begun(self) -> bool:
        """Whether a release is under way: not at rest, nor before its beginning."""
        return self.phase not in (Phase.IDLE, Phase.SETTLING, Phase.QUEUED)

    @property
    def moving(self) -> tuple[Leg, ...]:
        """The legs that are released, in list order."""
        return tuple(leg for leg in self.legs if leg.candidate)

    def with_leg(self, leg: Leg) -> "State":
        """The same with this leg in place of the one of its name."""
        return replace(self, legs=tuple(leg if leg.name == each.name else each for each in self.legs))

    def noted(
        self,
        phase: str,
        reason: Reason,
        message: str,
        *,
        timer: float | None = None,
        on: tuple[str, str] | None = None,
    ) -> "State":
        """The same with a word on what is going on, to be looked at again after `timer` seconds at the latest."""
        return replace(self, note=Note(phase=phase, reason=reason, message=message, on=on), timer=timer)

    def told(self, reason: Reason, message: str, *, warning: bool = False, event: str = "", id_: str = "") -> "State":
        """The same with one more thing that happened; with `event` the channels that want it are told too."""
        news = News(
            reason=reason,
            message=message,
            warning=warning,
            event=event,
            id="/".join(part for part in (self.release, event, id_) if part),
            release=self.release,
            released=self.released,
        )
        return replace(self, news=(*self.news, news))


_TRANSIENT = ("note", "timer", "questions", "news")
_ELSEWHERE = ("legs", "verb", "history", "notices")
_TIMES = ("at", "bake", "spent", "settling", "queued", "watched")
_LEG_ELSEWHERE = ("name", "stable", "candidate", "order", "rejected")
_LEG_TIMES = ("waited", "pending", "unready")


def timeless(state: State) -> State:
    """The same with all durations at 0: what is left differs only if something happened."""
    legs = tuple(replace(leg, waited=0.0, pending=0.0, unready=0.0) for leg in state.legs)
    return replace(state, legs=legs, at=0.0, bake=0.0, spent=0.0, settling=0.0, queued=0.0, watched=0.0)


def progress_of(state: State) -> dict[str, Any]:
    """status.progress: what no other field of the status says."""
    kept = _said(state, State(), (*_TRANSIENT, *_ELSEWHERE), _TIMES)
    legs = {leg.name: _said(leg, Leg(name=leg.name), _LEG_ELSEWHERE, _LEG_TIMES) for leg in state.legs}
    return {"version": VERSION, **kept, "legs": legs}


def _said(value: Any, default: Any, left_out: tuple[str, ...], times: tuple[str, ...]) -> dict[str, Any]:
    """The fields that are not as at the beginning, as JSON."""
    said: dict[str, Any] = {}
    for each in fields(value):
        found = getattr(value, each.name)
        if each.name in left_out or found == getattr(default, each.name):
            continue
        if each.name in times:
            found = round(found, 3)
        said[each.name] = list(found) if isinstance(found, tuple) else str(found) if each.name == "phase" else found
    return said


def of_status(status: Mapping[str, Any]) -> State:
    """The state that a status holds; the beginning if it holds none. What a newer operator added is ignored."""
    kept = dict(status.get("progress") or {})
    legs = kept.pop("legs", {})
    known = {each.name for each in fields(State)} - {*_TRANSIENT, *_ELSEWHERE}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept.items() if name in known
    }
    if "phase" in values:
        values["phase"] = Phase(values["phase"])
    return State(
        **values,
        legs=tuple(_leg(target, legs.get(target["name"], {})) for target in status.get("targets") or ()),
        verb=status.get("verb"),
        history=tuple(status.get("history") or ()),
        notices=tuple(status.get("notices") or ()),
    )


def _leg(target: Mapping[str, Any], kept: Mapping[str, Any]) -> Leg:
    known = {each.name for each in fields(Leg)} - set(_LEG_ELSEWHERE)
    order, rejected = target.get("order"), target.get("rejected")
    return Leg(
        name=target["name"],
        stable=target.get("stable", ""),
        candidate=target.get("candidate", ""),
        order=Order.from_status(order) if order else None,
        rejected=Rejection(**{field: rejected.get(field, "") for field in ("revision", "reason", "message", "at")})
        if rejected
        else None,
        **{name: value for name, value in kept.items() if name in known},
    )
