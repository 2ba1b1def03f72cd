"""Names of AWS in the API: ARNs, regions, and what is made of them."""

from typing import Annotated

from trimtab.api.meta import Text

_PARTITION = "aws[a-z-]{0,20}"

Arn = Annotated[
    str,
    Text(
        max_length=2048,
        pattern=f"^(arn:{_PARTITION}:[a-z0-9-]+:[a-z0-9-]*:([0-9]{{12}})?:.+)?$",
        is_not="an ARN: write arn:partition:service:region:account:resource, such as "
        "arn:aws:sqs:eu-central-1:123456789012:orders",
    ),
]
ArnPattern = Annotated[
    str,
    Text(
        max_length=512,
        pattern=f"^arn:{_PARTITION}:[a-z0-9-]+:[a-z0-9*?-]*:[0-9*?]*:.+$",
        is_not="a pattern of ARNs: write an ARN of one service in which * and ? may stand for the rest, such as "
        "arn:aws:sqs:eu-central-1:123456789012:legacy-*",
    ),
]
KmsKeyPattern = Annotated[
    str,
    Text(
        max_length=512,
        pattern=r"^[A-Za-z0-9:/_*?-]+$",
        is_not="a pattern of KMS keys: write an alias, id or ARN in which * and ? may stand for the rest, such as "
        "alias/shop-*",
    ),
]
RoleArn = Annotated[
    str,
    Text(
        max_length=2048,
        pattern=f"^arn:{_PARTITION}:iam::[0-9]{{12}}:role/[A-Za-z0-9+=,.@_/-]+$",
        is_not="the ARN of an IAM role: write arn:aws:iam::account:role/name",
    ),
]
PolicyArn = Annotated[
    str,
    Text(
        max_length=2048,
        pattern=f"^(arn:{_PARTITION}:iam::([0-9]{{12}}|aws):policy/[A-Za-z0-9+=,.@_/-]+)?$",
        is_not="the ARN of an IAM policy: write arn:aws:iam::account:policy/name",
    ),
]
_REGION = "[a-z]{2,4}(-[a-z]{2,9}){1,2}-[0-9]{1,2}"
Region = Annotated[
    str,
    Text(
        max_length=32,
        pattern=f"^({_REGION})?$",
        is_not="an AWS region: write its code, such as eu-central-1",
    ),
]
ListedRegion = Annotated[
    str,
    Text(
        max_length=32,
        pattern=f"^{_REGION}$",
        is_not="an AWS region: write its code, such as eu-central-1",
    ),
]
RolePath = Annotated[
    str,
    Text(
        max_length=256,
        pattern="^/([A-Za-z0-9+=,.@_-]+/)+$",
        is_not="the path of IAM roles: begin and end it with '/' and name it, such as /trimtab/",
    ),
]
ExternalId = Annotated[
    str,
    Text(
        max_length=1224,
        pattern=r"^([A-Za-z0-9_+=,.@:/-][A-Za-z0-9_+=,.@:/-]+)?$",
        is_not="an external id: use 2 to 1224 letters, digits and the characters _+=,.@:/-",
    ),
]
NamePrefix = Annotated[
    str,
    Text(
        max_length=24,
        pattern="^[a-z]([a-z0-9]|-[a-z0-9])*-$",
        is_not="a prefix of names: use at most 24 lower-case letters, digits and single '-', begin with a letter and "
        "end with '-', such as shop-",
    ),
]
