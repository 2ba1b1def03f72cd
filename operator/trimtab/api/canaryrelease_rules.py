"""The CEL rules of a CanaryRelease that look at more than one field."""

from trimtab.api.meta import Rule

CANARY_RULES: tuple[Rule, ...] = ()
LINEAR_RULES: tuple[Rule, ...] = ()
SPEC_RULES: tuple[Rule, ...] = ()
