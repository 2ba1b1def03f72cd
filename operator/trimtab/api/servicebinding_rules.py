"""The CEL rules of a ServiceBinding that look at more than one field."""

from trimtab.api.backing import MEMBERS
from trimtab.api.meta import Rule

_GIVEN = "".join(f"has(self.{name}) ? '{name}' : " for name in MEMBERS) + "'nothing'"
_WAS = _GIVEN.replace("self.", "oldSelf.")
_SNAPSHOTS = [name for name, model in MEMBERS.items() if model.snapshots]
_INTERNAL = [name for name, model in MEMBERS.items() if not model.external]

WORKLOAD_RULES = (
    Rule(
        rule="!has(self.selector) || self.selector.size() > 0",
        message="selector {} would take every Microservice: name at least one label",
        field_path=".selector",
    ),
)

INJECT_RULES = (
    Rule(
        rule="!has(self.env) || self.env.all(e, self.env.exists_one(f, f.name == e.name))",
        message="variable %s is given twice: inject each variable once",
        values=("self.env.filter(e, !self.env.exists_one(f, f.name == e.name))[0].name",),
        field_path=".env",
    ),
)


def _of_the_service(arn: str) -> str:
    """A CEL expression: the service named by `arn` is that of the member. Their names differ in case only."""
    return f"{arn}.split(':')[2] == ({_GIVEN}).lowerAscii()"


SPEC_RULES = (
    Rule(
        rule=" && ".join(f"has(self.{name}) == has(oldSelf.{name})" for name in MEMBERS),
        message="a ServiceBinding of %s cannot become one of %s: make a new ServiceBinding, move to it, delete this",
        values=(f"({_WAS})", f"({_GIVEN})"),
    ),
    Rule(
        rule=f"!has(self.deletionPolicy) || self.deletionPolicy != 'Snapshot' || ({_GIVEN}) in {_SNAPSHOTS}",
        message="deletionPolicy Snapshot is not for %s, which has no snapshots: use Retain or Delete",
        values=(f"({_GIVEN})",),
        field_path=".deletionPolicy",
    ),
    Rule(
        rule="!has(self.inject) || has(self.workload)",
        message="inject is for the containers of a workload, but there is none: add workload, or leave inject out",
        field_path=".inject",
    ),
    Rule(
        rule=f"!has(self.adopt) || self.adopt.split(':').size() < 6 || ({_GIVEN}) in {_INTERNAL} || "
        f"{_of_the_service('self.adopt')}",
        message="adopt names %s, which is not of the service %s: give the ARN of such a resource",
        values=("self.adopt", f"({_GIVEN})"),
        field_path=".adopt",
    ),
    *(
        Rule(
            rule=f"!has(self.{field}) || !(({_GIVEN}) in {_INTERNAL})",
            message=f"{field} is not for %s, which is only read: leave it out",
            values=(f"({_GIVEN})",),
            field_path=f".{field}",
        )
        for field in ("adopt", "region", "deletionPolicy")
    ),
)

OBJECT_RULES = (
    Rule(
        rule="size(self.metadata.name) <= 50 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message="metadata.name '%s' must have at most 50 lower-case letters, digits and '-', and begin with a letter",
        values=("self.metadata.name",),
    ),
    Rule(
        rule="!has(self.spec.region) || self.spec.region == '' || !has(oldSelf.status) || "
        "!has(oldSelf.status.region) || self.spec.region == oldSelf.status.region",
        message="the service is in region %s and cannot move to '%s': make a new ServiceBinding there, or set region "
        "back",
        values=("oldSelf.status.region", "self.spec.region"),
        field_path=".spec.region",
    ),
)
