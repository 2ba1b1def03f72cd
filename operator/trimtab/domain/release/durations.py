"""Durations: from the form of the API to seconds, and back for people."""

from trimtab.api.scalars import parse_duration


def seconds(duration: str) -> float:
    """The length of a duration of the API."""
    return parse_duration(duration).total_seconds()


def spoken(seconds: float) -> str:
    """Whole seconds in the form of the API, such as 3m20s; never shorter than what is meant."""
    left = max(0, -int(-seconds // 1))
    hours, minutes, rest = left // 3600, left // 60 % 60, left % 60
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
