"""What of a CanaryRelease's spec no schema can refuse."""

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.domain.release.windows import unknown_zone


def problem(spec: CanaryReleaseSpec) -> str:
    """Why the spec cannot be carried out, with the remedy; empty if it can."""
    zone = unknown_zone(spec.windows)
    return (
        f"spec.windows: nobody knows the time zone {zone!r}: write an IANA name, such as Europe/Berlin" if zone else ""
    )
