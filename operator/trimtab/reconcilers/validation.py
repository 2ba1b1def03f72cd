"""What to tell users of a spec that does not parse: an older or a newer CRD let it through."""

from pydantic import ValidationError


def explain(error: ValidationError) -> str:
    """The first problem, as field and reason. The refused value is left out, since it may be secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"spec.{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
