"""A strategy as a list of stages, each of which is reached, baked, judged and passed."""

from dataclasses import dataclass, fields

from trimtab.api.strategy import AfterMirror, Canary, Linear, Strategy
from trimtab.domain import names
from trimtab.domain.release.durations import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the candidate gets in a stage, in whole percents, and for how long: `bake` in seconds.

    `matched`: the requests that the A/B rules name go to it. `approval`: somebody has to let the release go on.
    """

    bake: float
    weight: int = 0
    capacity: int = 0
    mirror: int = 0
    matched: bool = False
    approval: bool = False

    @property
    def traffic(self) -> bool:
        """Whether any request, or the copy of one, goes to the candidate."""
        return self.weight > 0 or self.mirror > 0 or self.matched

    @property
    def label(self) -> str:
        """What people call it: its share."""
        if self.matched:
            return "for matching requests"
        if self.mirror:
            return f"mirroring {self.mirror} %"
        return f"at {self.weight} %" if self.weight else "as a preview"


def percent(text: str) -> int:
    """The number of a whole percentage of the API."""
    return int(text.removesuffix("%"))


def stages(strategy: Strategy) -> tuple[Stage, ...]:
    """The stages before everything moves, at least one."""
    if strategy.mirror is None:
        return _split(strategy)
    share = percent(strategy.mirror.percent)
    first = Stage(bake=seconds(strategy.mirror.bake), mirror=share, capacity=share)
    return (first, *_split(strategy.mirror.then))


def _split(strategy: AfterMirror) -> tuple[Stage, ...]:
    if strategy.canary is not None:
        return _canary(strategy.canary)
    if strategy.linear is not None:
        return _linear(strategy.linear)
    if strategy.all_at_once is not None:
        return (Stage(bake=seconds(strategy.all_at_once.bake), weight=100, capacity=100),)
    if strategy.blue_green is not None:
        preview = Stage(bake=0, capacity=100, approval=strategy.blue_green.approval is not None)
        return preview, Stage(bake=seconds(strategy.blue_green.bake), weight=100, capacity=100)
    if strategy.ab_test is not None:
        return (Stage(bake=seconds(strategy.ab_test.bake), matched=True, capacity=100),)
    raise ValueError("the strategy has no member")


def _canary(canary: Canary) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            bake=seconds(step.bake),
            weight=percent(step.weight),
            capacity=percent(step.weight),
            approval=step.approval is not None,
        )
        for step in canary.steps
    )


def _linear(linear: Linear) -> tuple[Stage, ...]:
    increment, last = percent(linear.increment), percent(linear.max_weight)
    weights = [*range(increment, last, increment), last]
    return tuple(Stage(bake=seconds(linear.interval), weight=weight, capacity=weight) for weight in weights)


def marks(all_stages: tuple[Stage, ...]) -> str:
    """A short digest of each stage, by which a changed strategy is told from the same; defaults leave no trace."""
    return ",".join(names.digest(names.canonical(_told(stage))) for stage in all_stages)


def _told(stage: Stage) -> dict[str, float | bool]:
    values = {each.name: getattr(stage, each.name) for each in fields(stage)}
    return {name: value for name, value in values.items() if value}


def kept(changed: tuple[Stage, ...], before: str, index: int) -> bool:
    """Whether the stage at `index` is the one that it was; `before` are the marks of the strategy so far."""
    return before.split(",")[index : index + 1] == marks(changed).split(",")[index : index + 1]


def resumed(changed: tuple[Stage, ...], weight: int) -> int:
    """Where a release at `weight` percent goes on when its stage was changed: at the most that asks for no more.

    Of several with that weight at the first, so that none is skipped which has still to be baked or approved. Nothing
    falls back: whoever carries the stage out keeps at least the weight that there is.
    """
    most = max((stage.weight for stage in changed if stage.weight <= weight), default=0)
    found = (index for index, stage in enumerate(changed) if stage.weight == most)
    return next(found, 0) if weight > 0 else 0
