"""Specs of ServiceBindings and BindingPolicies that must be accepted, by what they show."""

from typing import Any

Spec = dict[str, Any]

QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:orders"

# The least that each member needs, and what else of it must be accepted. A new service adds its lines here.
LEAST_MEMBERS: dict[str, Spec] = {
    "dynamodb": {"partitionKey": {"name": "orderID", "type": "S"}},
    "s3": {},
    "secret": {"name": "legacy-database"},
    "sns": {},
    "secretsManager": {},
    "sqs": {},
}
GOOD_MEMBERS: dict[str, dict[str, Spec]] = {
    "dynamodb": {
        "everything": {
            "sortKey": {"name": "at", "type": "N"},
            "globalSecondaryIndexes": [
                {
                    "name": "by-customer",
                    "partitionKey": {"name": "customer", "type": "S"},
                    "sortKey": {"name": "at", "type": "N"},
                    "projection": "Include",
                    "include": ["total"],
                },
                {"name": "by-state", "partitionKey": {"name": "state", "type": "S"}, "projection": "KeysOnly"},
            ],
            "billing": {
                "mode": "Provisioned",
                "read": 5,
                "write": 5,
                "autoscaling": {"min": 5, "max": 100, "target": "60%"},
            },
            "ttl": {"attribute": "expiresAt"},
            "stream": "NewAndOldImages",
            "pointInTimeRecovery": True,
            "kmsKeyID": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        },
        "provisioned": {"billing": {"mode": "Provisioned", "read": 1, "write": 1}},
    },
    "s3": {
        "everything": {
            "versioning": True,
            "kmsKeyID": "alias/uploads",
            "lifecycle": [
                {
                    "name": "old",
                    "prefix": "uploads/",
                    "expirationDays": 365,
                    "noncurrentExpirationDays": 30,
                    "abortIncompleteMultipartUploadDays": 7,
                    "transitions": [
                        {"days": 30, "storageClass": "StandardIA"},
                        {"days": 90, "storageClass": "Glacier"},
                    ],
                }
            ],
            "notifications": [
                {"name": "uploaded", "binding": "uploads-in", "events": ["s3:ObjectCreated:*"], "suffix": ".jpg"}
            ],
        },
        "nothing-is-told": {"notifications": [], "lifecycle": []},
    },
    "secretsManager": {
        "everything": {
            "description": "Password of orders",
            "kmsKeyID": "alias/orders",
            "generate": {
                "key": "password",
                "length": 40,
                "excludePunctuation": True,
                "template": {"username": "orders"},
            },
            "recoveryWindow": "168h",
            "project": "Value",
        },
    },
    "sns": {
        "everything": {
            "fifo": True,
            "contentBasedDeduplication": True,
            "kmsKeyID": "alias/events",
            "subscriptions": [
                {"binding": "orders-in", "filter": {"status": ["paid"]}, "filterScope": "MessageBody", "raw": True},
                {"binding": "audit-in", "filter": {"total": [{"numeric": [">", 100]}]}, "deadLetter": "undelivered"},
            ],
        },
        "nobody-listens": {"subscriptions": []},
    },
    "sqs": {
        "everything": {
            "fifo": True,
            "contentBasedDeduplication": True,
            "visibilityTimeout": "12h",
            "retention": "336h",
            "delay": "15m",
            "receiveWait": "20s",
            "maximumMessageSize": 1048576,
            "kmsKeyID": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "deadLetter": {"maxReceives": 1000, "retention": "1m"},
        },
        "in-other-units": {"visibilityTimeout": "11h59m60s", "retention": "60s"},
        "smallest": {"visibilityTimeout": "0s", "retention": "1m", "delay": "0s", "maximumMessageSize": 1024},
    },
}

GOOD_BINDINGS: dict[str, Spec] = {
    "everything": {
        "workload": {"name": "orders"},
        "sqs": GOOD_MEMBERS["sqs"]["everything"],
        "access": "ReadWrite",
        "region": "eu-central-1",
        "deletionPolicy": "Retain",
        "deletionProtection": True,
        "drift": "Report",
        "adopt": QUEUE_ARN,
        "inject": {"env": [{"name": "QUEUE_URL", "key": "queue-url"}], "files": False},
    },
    "only-provisioned": {"sqs": {}},
    "by-label": {"sqs": {}, "workload": {"selector": {"tier": "backend"}}},
    "a-secret-with-workload": {"secret": {"name": "legacy"}, "workload": {"name": "orders"}, "access": "Read"},
    "adopted-in-china": {"sqs": {}, "adopt": "arn:aws-cn:sqs:cn-north-1:123456789012:orders.fifo"},
    "nothing-is-adopted": {"sqs": {}, "adopt": "", "region": ""},
    **{
        f"region-{region}": {"sqs": {}, "region": region}
        for region in ("us-gov-west-1", "ap-southeast-2", "eusc-de-east-1")
    },
    **{f"{member}-least": {member: least} for member, least in LEAST_MEMBERS.items()},
    **{
        f"{member}-{name}": {member: {**LEAST_MEMBERS[member], **fields}}
        for member, good in GOOD_MEMBERS.items()
        for name, fields in good.items()
    },
}

LEAST_POLICY: Spec = {
    "namespaceSelector": {"matchLabels": {"team": "shop"}},
    "services": ["sqs"],
    "regions": ["eu-central-1"],
    "roleARN": "arn:aws:iam::123456789012:role/trimtab-shop",
    "namePrefix": "shop-",
}
GOOD_POLICIES: dict[str, Spec] = {
    "least": {},
    "everything": {
        "namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["shop", "web"]}]},
        "services": ["sqs", "sns", "dynamodb", "s3", "secretsManager"],
        "regions": ["eu-central-1", "us-gov-west-1"],
        "roleARN": "arn:aws:iam::123456789012:role/path/trimtab-shop",
        "externalID": "cluster-7",
        "namePrefix": "shop-eu-",
        "deletionPolicies": ["Retain"],
        "maxBindings": 20,
        "limits": {"dynamodb": 5, "secretsManager": 0},
        "adoptable": ["arn:aws:sqs:eu-central-1:123456789012:legacy-*", "arn:aws:s3:::legacy-*"],
        "kmsKeys": ["alias/shop-*", "arn:aws:kms:eu-central-1:123456789012:key/*"],
        "orphans": "Delete",
        "identity": {
            "mode": "PodIdentity",
            "rolePath": "/trimtab/shop/",
            "permissionsBoundaryARN": "arn:aws:iam::123456789012:policy/workloads",
        },
    },
    "every-namespace": {"namespaceSelector": {}},
    "no-identity": {"identity": {"mode": "None"}},
    "boundary-of-aws": {
        "identity": {"mode": "IRSA", "permissionsBoundaryARN": "arn:aws:iam::aws:policy/PowerUserAccess"}
    },
}
