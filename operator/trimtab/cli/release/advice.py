"""What a person can do about a release now."""

from collections.abc import Iterator

from trimtab.cli.release.picture import Picture

_ADVICE: dict[str, tuple[str, ...]] = {
    "": ("the operator has not looked at it yet; does it run?",),
    "Idle": ("a changed Microservice starts a release",),
    "Promoted": ("a changed Microservice starts the next release",),
    "Settling": ("it begins by itself 5s after the last change",),
    "Queued": ("it begins by itself when its turn comes; to give it up:", "abort"),
    "Progressing": ("it goes on by itself; to step in:", "pause", "abort"),
    "AwaitingApproval": ("somebody has to decide:", "promote", "abort"),
    "Paused": ("somebody has to decide:", "resume", "abort"),
    "Held": ("it goes on when what holds it is over; to decide now:", "promote --full", "abort"),
    "Promoting": ("all traffic moves by itself; to go back:", "abort"),
    "Watching": ("it is judged for a while yet; to go back:", "abort"),
    "Retiring": ("the old revision goes once no request reaches it",),
    "Aborting": ("all traffic returns to the stable revision by itself",),
    "Aborted": ("apply a mended Microservice; or the same once more:", "retry"),
    "Suspended": ("set spec.suspend of the CanaryRelease to false to let it act",),
    "Stalled": ("mend what the message names; nothing happens before",),
}


def advice(picture: Picture) -> Iterator[str]:
    """A sentence, then the commands; nothing for a phase that this version does not know."""
    sentence, *verbs = _ADVICE.get(picture.phase, ("",))
    yield sentence
    for verb in verbs:
        yield f"  trimtab release {verb} {picture.name} -n {picture.namespace}"
