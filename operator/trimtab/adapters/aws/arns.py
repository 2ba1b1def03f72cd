"""Amazon resource names, and the administrator's list of those that users may name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from trimtab.ports.notifier import NotifierError

PATTERN = re.compile(r"arn:aws[a-z-]*:(?:sns|events):[a-z0-9*?-]+:[0-9*?]+:[A-Za-z0-9/._*?-]+")
"""What an entry of the list looks like; `*` and `?` as in file names."""

_ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<service>sns|events):(?P<region>[a-z0-9-]+):[0-9]{12}:(?P<resource>[A-Za-z0-9/._-]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arn:
    """One resource of AWS: `region` is where it lives, `resource` what follows the account."""

    text: str
    region: str
    resource: str


class AllowedArns:
    """Which topics and buses the operator's own identity may be used for. Empty: none."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = tuple(patterns)

    def admit(self, text: str, service: str) -> Arn:
        """The ARN in its parts. Raises NotifierError if it is of another service or not on the list."""
        match = _ARN.fullmatch(text)
        if match is None or match["service"] != service:
            raise NotifierError(f"{text!r} is no ARN of {service}", permanent=True)
        if not any(fnmatchcase(text, pattern) for pattern in self._patterns):
            raise NotifierError(f"{text} is not among the ARNs that the operator may notify", permanent=True)
        return Arn(text=text, region=match["region"], resource=match["resource"])
