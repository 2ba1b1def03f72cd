"""BindingPolicies that must be refused: what differs from a good spec, and what the message must say."""

from tests.integration.bad_microservices import Bad

ROLE = "arn:aws:iam::123456789012:role/trimtab"
BOUNDARY = "arn:aws:iam::123456789012:policy/workloads"

BAD_POLICIES = [
    *(
        Bad(f"{field}-missing", {field: None}, (f"spec.{field}", "Required value"))
        for field in ("namespaceSelector", "services", "regions", "roleARN", "namePrefix")
    ),
    Bad("services-none", {"services": []}, ("spec.services", "should have at least 1 items")),
    Bad("services-unknown", {"services": ["redis"]}, ("spec.services[0]", "redis", "sqs")),
    Bad("services-of-the-cluster", {"services": ["secret"]}, ("spec.services[0]", "secret", "secretsManager")),
    Bad("services-twice", {"services": ["sqs", "sqs"]}, ("spec.services[1]", "Duplicate value")),
    Bad("regions-none", {"regions": []}, ("spec.regions", "should have at least 1 items")),
    Bad("regions-all", {"regions": ["*"]}, ("spec.regions[0]", "'*'", "such as eu-central-1")),
    Bad("regions-empty", {"regions": [""]}, ("spec.regions[0]", "''", "such as eu-central-1")),
    Bad("role-name", {"roleARN": "trimtab"}, ("spec.roleARN", "'trimtab'", "arn:aws:iam::account:role/name")),
    Bad("role-user", {"roleARN": "arn:aws:iam::123456789012:user/a"}, ("spec.roleARN", "user/a", "role/name")),
    Bad("role-any", {"roleARN": "arn:aws:iam::123456789012:role/*"}, ("spec.roleARN", "role/*", "role/name")),
    Bad("external-id-short", {"externalID": "a"}, ("spec.externalID", "'a'", "2 to 1224")),
    Bad("external-id-space", {"externalID": "a b"}, ("spec.externalID", "'a b'", "2 to 1224")),
    Bad("prefix-empty", {"namePrefix": ""}, ("spec.namePrefix", "''", "such as shop-")),
    Bad("prefix-open", {"namePrefix": "shop"}, ("spec.namePrefix", "'shop'", "end with '-'")),
    Bad("prefix-upper", {"namePrefix": "Shop-"}, ("spec.namePrefix", "'Shop-'", "lower-case")),
    Bad("prefix-double", {"namePrefix": "shop--"}, ("spec.namePrefix", "'shop--'", "single '-'")),
    Bad("prefix-long", {"namePrefix": "s" * 24 + "-"}, ("spec.namePrefix", "may not be more than 24")),
    Bad("prefix-any", {"namePrefix": "*-"}, ("spec.namePrefix", "'*-'")),
    Bad("deletion-none", {"deletionPolicies": []}, ("spec.deletionPolicies", "should have at least 1 items")),
    Bad("deletion-unknown", {"deletionPolicies": ["Keep"]}, ("spec.deletionPolicies[0]", "Keep", "Retain")),
    Bad("bindings-below-zero", {"maxBindings": -1}, ("spec.maxBindings", "-1", "greater than or equal to 0")),
    Bad("limit-of-unknown", {"limits": {"redis": 1}}, ("spec.limits", "'redis'", "one of the services")),
    Bad("limit-below-zero", {"limits": {"sqs": -1}}, ("spec.limits", "-1", "greater than or equal to 0")),
    Bad("limit-as-text", {"limits": {"sqs": "many"}}, ("spec.limits", "must be of type integer")),
    Bad("adoptable-name", {"adoptable": ["legacy-*"]}, ("spec.adoptable[0]", "'legacy-*'", "such as arn:aws:sqs")),
    Bad("adoptable-everything", {"adoptable": ["*"]}, ("spec.adoptable[0]", "'*'", "one service")),
    Bad(
        "adoptable-any-service", {"adoptable": ["arn:aws:*:::x"]}, ("spec.adoptable[0]", "arn:aws:*:::x", "one service")
    ),
    Bad("key-with-space", {"kmsKeys": ["my key"]}, ("spec.kmsKeys[0]", "'my key'", "such as alias/shop-*")),
    Bad("orphans", {"orphans": "Remove"}, ("spec.orphans", "Remove", "Delete")),
    Bad("identity-mode", {"identity": {"mode": "OIDC"}}, ("spec.identity.mode", "OIDC", "IRSA")),
    *(
        Bad(
            f"identity-{mode}-unbounded",
            {"identity": {"mode": mode}},
            ("spec.identity.permissionsBoundaryARN", f"mode {mode} needs", "without one"),
        )
        for mode in ("PodIdentity", "IRSA")
    ),
    Bad(
        "identity-boundary-empty",
        {"identity": {"mode": "IRSA", "permissionsBoundaryARN": ""}},
        ("spec.identity.permissionsBoundaryARN", "mode IRSA needs"),
    ),
    Bad(
        "identity-boundary-role",
        {"identity": {"mode": "IRSA", "permissionsBoundaryARN": ROLE}},
        ("spec.identity.permissionsBoundaryARN", "policy/name"),
    ),
    Bad(
        "identity-path-root",
        {"identity": {"mode": "IRSA", "permissionsBoundaryARN": BOUNDARY, "rolePath": "/"}},
        ("spec.identity.rolePath", "'/'", "such as /trimtab/"),
    ),
    Bad(
        "identity-path-open", {"identity": {"rolePath": "/trimtab"}}, ("spec.identity.rolePath", "'/trimtab'", "end it")
    ),
    Bad("unknown-field", {"role": ROLE}, ("spec.role", "unknown field")),
    Bad(
        "selector-without-values",
        {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
        ("spec.namespaceSelector", "operator In needs values"),
    ),
]
