"""ServiceBindings that must be refused: what differs from a good spec, and what the message must say.

Each message names the field, the value (unless the field is absent) and the remedy. A new service adds its lines to
BAD_MEMBERS and BAD_CHANGES.
"""

from typing import Any, NamedTuple

from tests.integration.bad_microservices import EXACTLY_ONE, Bad, Spec
from tests.integration.good_servicebindings import LEAST_MEMBERS, QUEUE_ARN

Fields = dict[str, Any]

INDEX: Fields = {"name": "by-customer", "partitionKey": {"name": "customer", "type": "S"}}


def index(**fields: Any) -> Fields:
    """A table with one index; fields that are None are left out."""
    merged = {**INDEX, **fields}
    return {"globalSecondaryIndexes": [{name: value for name, value in merged.items() if value is not None}]}


def billing(**fields: Any) -> Fields:
    return {"billing": fields}


def scaling(**fields: Any) -> Fields:
    return billing(mode="Provisioned", read=1, write=1, autoscaling=fields)


# Of each member: an id, the fields over the least, and parts of the message.
BAD_MEMBERS: dict[str, list[tuple[str, Fields, tuple[str, ...]]]] = {
    "dynamodb": [
        ("key-missing", {"partitionKey": None}, ("partitionKey", "Required value")),
        ("key-type", {"partitionKey": {"name": "id", "type": "String"}}, ("partitionKey.type", "String", '"N"')),
        ("key-name", {"partitionKey": {"name": "", "type": "S"}}, ("partitionKey.name", "at least 1 chars")),
        ("index-name", index(name="a b"), ("globalSecondaryIndexes[0].name", "'a b'", "such as by-customer")),
        ("index-short", index(name="ab"), ("globalSecondaryIndexes[0].name", "at least 3 chars")),
        ("index-key", index(partitionKey=None), ("globalSecondaryIndexes[0].partitionKey", "Required value")),
        ("index-twice", {"globalSecondaryIndexes": [INDEX, INDEX]}, ("globalSecondaryIndexes[1]", "Duplicate value")),
        ("index-include", index(include=["total"]), ("globalSecondaryIndexes[0].include", "set both, or neither")),
        ("index-projection", index(projection="Include"), ("globalSecondaryIndexes[0]", "set both, or neither")),
        ("billing-mode", billing(mode="OnDemand"), ("billing.mode", "OnDemand", "PayPerRequest")),
        ("billing-no-capacity", billing(mode="Provisioned"), ("billing.mode", "read and write are needed")),
        ("billing-capacity", billing(read=5, write=5), ("billing.mode", "make no sense")),
        ("billing-none", billing(mode="Provisioned", read=0, write=1), ("billing.read", "0", "greater than or equal")),
        ("scaling-turned", scaling(min=5, max=1), ("billing.autoscaling.min", "5", "1", "raise max")),
        ("scaling-target", scaling(min=1, max=5, target="95%"), ("billing.autoscaling.target", "'95%'", "90%")),
        ("scaling-no-percent", scaling(min=1, max=5, target="half"), ("billing.autoscaling.target", "'half'")),
        ("ttl", {"ttl": {}}, ("ttl.attribute", "Required value")),
        ("stream", {"stream": "All"}, ("stream", "All", "NewAndOldImages")),
        ("key-alias", {"kmsKeyID": "alias/orders"}, ("kmsKeyID", "'alias/orders'", "not an alias")),
    ],
    "s3": [
        ("key", {"kmsKeyID": "my key"}, ("kmsKeyID", "'my key'", "such as alias/orders")),
        ("rule-idle", {"lifecycle": [{"name": "old"}]}, ("lifecycle[0]", "old", "set expirationDays")),
        ("rule-days", {"lifecycle": [{"name": "old", "expirationDays": 0}]}, ("expirationDays", "0", "or equal to 1")),
        (
            "rule-twice",
            {"lifecycle": [{"name": "old", "expirationDays": 1}] * 2},
            ("lifecycle[1]", "Duplicate value"),
        ),
        (
            "rule-too-early",
            {"lifecycle": [{"name": "old", "transitions": [{"days": 1, "storageClass": "StandardIA"}]}]},
            ("transitions[0].days", "StandardIA", "raise days"),
        ),
        (
            "rule-never",
            {
                "lifecycle": [
                    {"name": "old", "expirationDays": 30, "transitions": [{"days": 90, "storageClass": "Glacier"}]}
                ]
            },
            ("lifecycle[0]", "old", "raise expirationDays"),
        ),
        (
            "storage-class",
            {"lifecycle": [{"name": "old", "transitions": [{"days": 1, "storageClass": "Cold"}]}]},
            ("storageClass", "Cold"),
        ),
        ("told-nobody", {"notifications": [{"name": "a"}]}, ("notifications[0].binding", "Required value")),
        (
            "told-of-nothing",
            {"notifications": [{"name": "a", "binding": "b", "events": []}]},
            ("notifications[0].events", "at least 1 items"),
        ),
        (
            "told-of-unknown",
            {"notifications": [{"name": "a", "binding": "b", "events": ["created"]}]},
            ("notifications[0].events[0]", "'created'", "such as s3:ObjectCreated"),
        ),
    ],
    "secret": [
        ("without-name", {"name": None}, ("name", "Required value")),
        ("bad-name", {"name": "Legacy_Database"}, ("name", "'Legacy_Database'", "such as my-object")),
    ],
    "secretsManager": [
        (
            "no-characters",
            {"generate": {f"exclude{kind}": True for kind in ("Lowercase", "Uppercase", "Numbers", "Punctuation")}},
            ("generate", "leave in one"),
        ),
        (
            "generated-twice",
            {"generate": {"template": {"password": "x"}}},
            ("generate.template", "'password'", "another name"),
        ),
        ("length-too-short", {"generate": {"length": 7}}, ("generate.length", "7", "greater than or equal to 8")),
        ("window-too-short", {"recoveryWindow": "24h"}, ("recoveryWindow", "'24h'", "168h", "720h")),
        ("bad-key", {"kmsKeyID": "my key"}, ("kmsKeyID", "'my key'", "such as alias/orders")),
        ("bad-projection", {"project": "Everything"}, ("project", "Everything", "Value")),
    ],
    "sns": [
        ("deduplication-without-fifo", {"contentBasedDeduplication": True}, ("contentBased", "set fifo to true")),
        ("key", {"kmsKeyID": "my key"}, ("kmsKeyID", "'my key'", "such as alias/orders")),
        ("subscription-of-nobody", {"subscriptions": [{}]}, ("subscriptions[0].binding", "Required value")),
        (
            "subscription-name",
            {"subscriptions": [{"binding": "Orders"}]},
            ("subscriptions[0].binding", "'Orders'", "such as my-name"),
        ),
        (
            "subscription-twice",
            {"subscriptions": [{"binding": "orders-in"}] * 2},
            ("subscriptions[1]", "Duplicate value"),
        ),
        (
            "scope-without-filter",
            {"subscriptions": [{"binding": "orders-in", "filterScope": "MessageBody"}]},
            ("subscriptions[0].filterScope", "set filter"),
        ),
        (
            "scope",
            {"subscriptions": [{"binding": "orders-in", "filter": {}, "filterScope": "Body"}]},
            ("subscriptions[0].filterScope", "Body", "MessageBody"),
        ),
    ],
    "sqs": [
        ("visibility-too-long", {"visibilityTimeout": "13h"}, ("visibilityTimeout", "'13h'", "0s and 12h")),
        ("visibility-in-milliseconds", {"visibilityTimeout": "30ms"}, ("visibilityTimeout", "'30ms'", "such as 30s")),
        ("visibility-as-number", {"visibilityTimeout": 30}, ("visibilityTimeout", "must be of type string")),
        ("retention-too-short", {"retention": "59s"}, ("retention", "'59s'", "1m and 336h")),
        ("retention-too-long", {"retention": "337h"}, ("retention", "'337h'", "1m and 336h")),
        ("delay-too-long", {"delay": "16m"}, ("delay", "'16m'", "0s and 15m")),
        ("wait-too-long", {"receiveWait": "21s"}, ("receiveWait", "'21s'", "0s and 20s")),
        (
            "size-too-small",
            {"maximumMessageSize": 1023},
            ("maximumMessageSize", "1023", "greater than or equal to 1024"),
        ),
        ("size-too-large", {"maximumMessageSize": 1048577}, ("maximumMessageSize", "1048577", "less than or equal")),
        ("bad-key", {"kmsKeyID": "my key"}, ("kmsKeyID", "'my key'", "such as alias/orders")),
        (
            "no-receives",
            {"deadLetter": {"maxReceives": 0}},
            ("deadLetter.maxReceives", "0", "greater than or equal to 1"),
        ),
        ("too-many-receives", {"deadLetter": {"maxReceives": 1001}}, ("deadLetter.maxReceives", "1001", "less than")),
        ("receives-missing", {"deadLetter": {}}, ("deadLetter.maxReceives", "Required value")),
        (
            "dead-letter-retention",
            {"deadLetter": {"maxReceives": 5, "retention": "30s"}},
            ("deadLetter.retention", "'30s'", "1m and 336h"),
        ),
        (
            "deduplication-without-fifo",
            {"contentBasedDeduplication": True},
            ("contentBasedDeduplication", "set fifo to true"),
        ),
    ],
}


def _given(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}


ARN = "arn:partition:service:region:account:resource"

BAD_BINDINGS = [
    Bad("nothing", {"sqs": None}, ("spec", EXACTLY_ONE, "sqs", "got []")),
    Bad("two-services", {"secret": {"name": "a"}}, ("spec", EXACTLY_ONE, '["secret", "sqs"]')),
    Bad("unknown-service", {"sqs": None, "redis": {}}, ("spec", "redis", "unknown field")),
    Bad("unknown-field", {"sqs": {"fifos": True}}, ("spec.sqs.fifos", "unknown field")),
    Bad("workload-empty", {"workload": {}}, ("spec.workload", EXACTLY_ONE, "name and selector")),
    Bad("workload-twice", {"workload": {"name": "orders", "selector": {"a": "b"}}}, ("spec.workload", EXACTLY_ONE)),
    Bad("workload-name", {"workload": {"name": "Orders"}}, ("spec.workload.name", "'Orders'", "such as orders")),
    Bad(
        "selector-of-all", {"workload": {"selector": {}}}, ("spec.workload.selector", "every Microservice", "one label")
    ),
    Bad("selector-key", {"workload": {"selector": {"a b": "c"}}}, ("spec.workload.selector", "'a b'", "such as team")),
    Bad("access", {"access": "All"}, ("spec.access", "All", "ReadWrite")),
    Bad("region", {"region": "Frankfurt"}, ("spec.region", "'Frankfurt'", "such as eu-central-1")),
    Bad("deletion-policy", {"deletionPolicy": "Keep"}, ("spec.deletionPolicy", "Keep", "Retain")),
    *(
        Bad(
            f"snapshot-of-{member}",
            {"sqs": None, member: least, "deletionPolicy": "Snapshot"},
            ("spec.deletionPolicy", "Snapshot", member, "use Retain or Delete"),
        )
        for member, least in LEAST_MEMBERS.items()
    ),
    Bad("protection", {"deletionProtection": "yes"}, ("spec.deletionProtection", "boolean")),
    Bad("drift", {"drift": "Revert"}, ("spec.drift", "Revert", "Remediate")),
    Bad("adopt-a-name", {"adopt": "orders"}, ("spec.adopt", "'orders'", ARN)),
    Bad("adopt-a-url", {"adopt": "https://sqs/1/orders"}, ("spec.adopt", "'https://sqs/1/orders'", ARN)),
    Bad(
        "adopt-another-service",
        {"adopt": "arn:aws:sns:eu-central-1:123456789012:orders"},
        ("spec.adopt", "arn:aws:sns:eu-central-1:123456789012:orders", "service sqs"),
    ),
    *(
        Bad(
            f"secret-with-{field}",
            {"sqs": None, "secret": {"name": "legacy"}, field: value},
            (f"spec.{field}", "is not for secret", "leave it out"),
        )
        for field, value in (("adopt", QUEUE_ARN), ("region", "eu-central-1"), ("deletionPolicy", "Retain"))
    ),
    Bad("inject-without-workload", {"workload": None, "inject": {"files": True}}, ("spec.inject", "add workload")),
    Bad(
        "inject-twice",
        {"inject": {"env": [{"name": "A", "key": "a"}, {"name": "A", "key": "b"}]}},
        ("spec.inject.env", "A", "once"),
    ),
    Bad("inject-name", {"inject": {"env": [{"name": "A B", "key": "a"}]}}, ("spec.inject.env[0].name", "'A B'")),
    Bad("inject-reserved", {"inject": {"env": [{"name": "TRIMTAB_A", "key": "a"}]}}, ("env[0].name", "reserved")),
    Bad(
        "inject-key", {"inject": {"env": [{"name": "A", "key": "a/b"}]}}, ("spec.inject.env[0].key", "'a/b'", "such as")
    ),
    Bad("inject-without-key", {"inject": {"env": [{"name": "A"}]}}, ("spec.inject.env[0].key", "Required value")),
    *(
        Bad(
            f"{member}-{name}",
            {"sqs": None, member: _given({**LEAST_MEMBERS[member], **fields})},
            (f"spec.{member}", *says),
        )
        for member, rows in BAD_MEMBERS.items()
        for name, fields, says in rows
    ),
]


class BadChange(NamedTuple):
    """An update from a spec to another that must be refused; `status` is what the operator wrote before."""

    id: str
    before: Spec
    after: Spec
    says: tuple[str, ...]
    status: Spec | None = None


# Of each member: an id, the fields before and after, and parts of the message.
BAD_MEMBER_CHANGES: dict[str, list[tuple[str, Fields, Fields, tuple[str, ...]]]] = {
    "dynamodb": [
        ("key", {}, {"partitionKey": {"name": "id", "type": "S"}}, ("partitionKey", "cannot be changed", "make a new")),
        ("sort-key", {}, {"sortKey": {"name": "at", "type": "N"}}, ("sortKey", "cannot be changed", "make a new")),
        ("index", index(), index(projection="KeysOnly"), ("by-customer", "cannot be changed", "another name")),
    ],
    "secretsManager": [
        ("generate", {}, {"generate": {}}, ("generate", "cannot be changed")),
        ("generate-otherwise", {"generate": {}}, {"generate": {"length": 64}}, ("generate", "cannot be changed")),
    ],
    "sns": [
        ("fifo", {}, {"fifo": True}, ("fifo", "cannot be changed", "make a new ServiceBinding")),
    ],
    "sqs": [
        ("fifo", {}, {"fifo": True}, ("fifo", "cannot be changed", "make a new ServiceBinding")),
        ("no-fifo", {"fifo": True}, {}, ("fifo", "cannot be changed", "make a new ServiceBinding")),
    ],
}

BAD_CHANGES = [
    BadChange(
        "another-service",
        {"sqs": {}},
        {"secretsManager": {}},
        ("ServiceBinding of sqs", "one of secretsManager", "make a new"),
    ),
    BadChange(
        "another-region",
        {"sqs": {}, "region": "eu-central-1"},
        {"sqs": {}, "region": "eu-west-1"},
        ("spec.region", "eu-central-1", "'eu-west-1'", "make a new ServiceBinding"),
        {"region": "eu-central-1"},
    ),
    BadChange(
        "a-region-where-it-is-not",
        {"sqs": {}},
        {"sqs": {}, "region": "eu-west-1"},
        ("spec.region", "eu-central-1", "set region back"),
        {"region": "eu-central-1"},
    ),
    *(
        BadChange(
            f"{member}-{name}",
            {member: {**LEAST_MEMBERS[member], **before}},
            {member: {**LEAST_MEMBERS[member], **after}},
            (f"spec.{member}", *says),
        )
        for member, rows in BAD_MEMBER_CHANGES.items()
        for name, before, after, says in rows
    ),
]
GOOD_CHANGES = [
    BadChange("region-before-there-is-anything", {"sqs": {}}, {"sqs": {}, "region": "eu-west-1"}, ()),
    BadChange("its-own-region", {"sqs": {}}, {"sqs": {}, "region": "eu-west-1"}, (), {"region": "eu-west-1"}),
    BadChange("region-left-out", {"sqs": {}, "region": "eu-west-1"}, {"sqs": {}}, (), {"region": "eu-west-1"}),
    BadChange(
        "all-else",
        {"sqs": {}},
        {
            "sqs": {"retention": "1h", "deadLetter": {"maxReceives": 3}},
            "access": "Read",
            "adopt": QUEUE_ARN,
            "drift": "Ignore",
            "deletionPolicy": "Delete",
            "deletionProtection": True,
            "workload": {"name": "web"},
        },
        (),
    ),
    BadChange("nothing-left", {"sqs": {"retention": "1h"}, "workload": {"name": "web"}}, {"sqs": {}}, ()),
]
