"""The scalar types of requests and of what is reached over the network: headers, cookies, addresses, ARNs."""

from typing import Annotated

from trimtab.api.meta import Text

_TCHAR = "[A-Za-z0-9!#$&'*+.^_`|~-]"  # RFC 9110, section 5.6.2, without %

HeaderName = Annotated[
    str,
    Text(
        max_length=128,
        pattern=f"^{_TCHAR}+$",
        is_not="the name of a header: use letters, digits and '-', such as x-canary",
    ),
]
HeaderValue = Annotated[
    str,
    Text(
        max_length=1024,
        min_length=1,
        pattern="^[!-~]([ -~]*[!-~])?$",
        is_not="the value of a header: use printable ASCII, without blanks at the ends, such as 1",
    ),
]
CookieName = Annotated[
    str,
    Text(
        max_length=128,
        pattern="^[A-Za-z0-9_-]+$",
        is_not="the name of a cookie: use letters, digits, '-' and '_', such as canary",
    ),
]
CookieValue = Annotated[
    str,
    Text(
        max_length=512,
        pattern="^[A-Za-z0-9._~:/+=-]+$",
        is_not="the value of a cookie: use letters, digits and . _ ~ : / + = -, such as always",
    ),
]
HttpsUrl = Annotated[
    str,
    Text(
        max_length=2048,
        pattern="^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?([/?][A-Za-z0-9/?._~!$&'()*+,;=:@%-]*)?$",
        is_not="an https address: write https://host/path without user, password or fragment, such as "
        "https://tests.example/smoke",
    ),
]
TopicArn = Annotated[
    str,
    Text(
        max_length=512,
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+(\.fifo)?$",
        is_not="the ARN of an SNS topic: write such as arn:aws:sns:eu-central-1:123456789012:releases",
    ),
]
BusArn = Annotated[
    str,
    Text(
        max_length=512,
        pattern="^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]+$",
        is_not="the ARN of an event bus: write such as arn:aws:events:eu-central-1:123456789012:event-bus/releases",
    ),
]
