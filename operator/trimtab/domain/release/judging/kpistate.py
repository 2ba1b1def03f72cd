"""What judging remembers of one KPI of one target: a string in the status, so that a restart changes nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from trimtab.domain.release.evidence import codec, evidence
from trimtab.domain.release.evidence.evidence import Evidence
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.status import shortened

LIMIT = 2048
"""Longest text in characters, as in the CRD."""

_FAILURE = 100


class Sums(NamedTuple):
    """Requests, or attempts, of both revisions, and those of them that were bad."""

    candidate: int = 0
    candidate_bad: int = 0
    stable: int = 0
    stable_bad: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(*map(sum, zip(self, other, strict=True)))


NOTHING = Sums()


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiState:
    """One KPI's own record. `release`: of which one; `about`: a digest of the hypotheses that the evidence is about,
    and of what is counted; `step`: the step that the counts are about.

    `interval`: length of a tick in seconds. `cursor`: the store's time up to which was counted, None before the first
    tick. `compare`: a Compare, 0 while it is not chosen. Of the step: `fresh` ticks that counted, and `sums`; `whole`
    are those of the release. `stale`: ticks since one counted. `heard`: the store's time of the newest sample;
    `silent`: seconds since then, 0 as long as that is no fault. `carry`: bad requests of candidate and stable that are
    yet to be counted. `failures`: readings in a row that failed, the last one at `failed_at`, for the reason `failure`.

    What was found last: `finding`, percent of the way to an abort and to a promotion, and how many requests of the
    candidate are needed for the latter (-1: never, or unknown). Of a gauge: `run` of ticks in bounds, negative out of
    bounds; `levels`, the newest values of candidate and stable as text.

    `others`: members of the record that are not about this, above all the evidence, as JSON holds them. `ledger` is
    kept apart.
    """

    release: str = ""
    about: str = ""
    step: str = ""
    interval: float = 0.0
    cursor: float | None = None
    compare: int = 0
    fresh: int = 0
    sums: Sums = NOTHING
    whole: Sums = NOTHING
    stale: int = 0
    heard: float = 0.0
    silent: int = 0
    carry: tuple[int, int] = (0, 0)
    failures: int = 0
    failed_at: float = 0.0
    failure: str = ""
    finding: int = Finding.HOLD_TRAFFIC
    abort: int = 0
    promote: int = 0
    needed: int = -1
    run: int = 0
    levels: tuple[str, str] = ("", "")
    others: Mapping[str, Any] = field(default_factory=dict)
    ledger: str = ""

    @property
    def evidence(self) -> Evidence:
        """The evidence, one row; none yet if there is none."""
        return codec.from_text(json.dumps(dict(self.others)))[0] if self.others else evidence.begin(1)

    def proven(self, found: Evidence) -> "KpiState":
        """The same with this evidence, one row."""
        rest = codec.from_text(json.dumps(dict(self.others)))[1]
        return replace(self, others=json.loads(codec.to_text(found, rest)))

    def in_step(self, step: str, interval: float) -> "KpiState":
        """The same with nothing counted in a step that is new; a run out of bounds goes on."""
        if step == self.step:
            return replace(self, interval=interval)
        return replace(
            self,
            step=step,
            interval=interval,
            fresh=0,
            sums=NOTHING,
            run=min(self.run, 0),
            finding=Finding.HOLD_TRAFFIC,
        )

    def unread(self, at: float, why: str) -> "KpiState":
        """The same after a reading of unix time `at` that failed."""
        if at == self.failed_at:
            return self
        return replace(self, failures=self.failures + 1, failed_at=at, failure=shortened(why, _FAILURE))

    def read(self) -> "KpiState":
        """The same after a reading that did not fail."""
        return replace(self, failures=0, failed_at=0.0, failure="") if self.failures else self


_SHORT = {
    "release": "R",
    "about": "M",
    "step": "S",
    "interval": "I",
    "cursor": "K",
    "compare": "C",
    "fresh": "F",
    "sums": "N",
    "stale": "T",
    "heard": "H",
    "silent": "Q",
    "whole": "W",
    "carry": "O",
    "failures": "X",
    "failed_at": "XA",
    "failure": "XW",
    "finding": "D",
    "abort": "A",
    "promote": "P",
    "needed": "E",
    "run": "G",
    "levels": "L",
}
_LONG = {short: name for name, short in _SHORT.items()}


def to_text(state: KpiState) -> str:
    """The record as text; fields that are as at the beginning are left out."""
    fresh = KpiState()
    own = {
        short: getattr(state, name) for name, short in _SHORT.items() if getattr(state, name) != getattr(fresh, name)
    }
    text = json.dumps({**state.others, **own}, separators=(",", ":"), sort_keys=True)
    return text if len(text) <= LIMIT or not state.failure else to_text(replace(state, failure=""))


def of_text(text: str, ledger: str = "") -> KpiState:
    """The record that a text holds; the beginning if it holds none. What a newer operator added is kept."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = {}
    if not isinstance(found, dict):
        return KpiState()
    own = {_LONG[short]: value for short, value in found.items() if short in _LONG}
    if own.get("finding", Finding.PASS) not in iter(Finding):
        own["finding"] = Finding.HOLD_TRAFFIC  # of a newer operator; the next tick decides
    for name in ("carry", "levels"):
        if name in own:
            own[name] = tuple(own[name])
    for name in ("sums", "whole"):
        if name in own:
            own[name] = Sums(*own[name])
    return KpiState(**own, others={short: value for short, value in found.items() if short not in _LONG}, ledger=ledger)
