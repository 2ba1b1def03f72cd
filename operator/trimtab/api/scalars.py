"""The scalar types of the API: names, durations, percentages, quantities, paths and texts, each with its bounds."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from trimtab.api.meta import Rule, Text, TextMap, cel_string

DURATION = "^([0-9]{1,5}(h|m|s|ms)){1,4}$"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_CHAR = r"[^/:\x00-\x1f]"
_SEGMENT = rf"([^/.:\x00-\x1f]{_CHAR}*|\.[^/.:\x00-\x1f]{_CHAR}*|\.\.{_CHAR}+)"
_QUANTITY = r"^([0-9]+([.][0-9]*)?|[.][0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$"


def _cron_field(number: str, names: str = "") -> str:
    value = f"({number}{names})"
    item = rf"([*?]|{value}(-{value})?)(/[1-9][0-9]?)?"
    return f"{item}(,{item})*"


_CRON = (
    "(?i)^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|"
    + " ".join(
        (
            _cron_field("[0-5]?[0-9]"),
            _cron_field("[01]?[0-9]|2[0-3]"),
            _cron_field("0?[1-9]|[12][0-9]|3[01]"),
            _cron_field("0?[1-9]|1[0-2]", "|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"),
            _cron_field("[0-6]", "|sun|mon|tue|wed|thu|fri|sat"),
        )
    )
    + ")$"
)


def reserved(prefix: str, what: str) -> Rule:
    """The rule that the name of `what` does not begin with `prefix`, which is the operator's own."""
    return Rule(
        rule=f"!self.startsWith({cel_string(prefix)})",
        message=f"'%s' begins with {prefix}, which is reserved: give {what} another name",
        values=("self",),
    )


MicroserviceName = Annotated[
    str,
    Text(
        max_length=40,
        pattern="^[a-z]([-a-z0-9]*[a-z0-9])?$",
        is_not="a service name: use lower-case letters, digits and '-', beginning with a letter, such as orders",
    ),
]
Name = Annotated[
    str,
    Text(
        max_length=63,
        pattern=f"^{_LABEL}$",
        is_not="a name: use lower-case letters, digits and '-', such as my-name",
    ),
]
ObjectName = Annotated[
    str,
    Text(
        max_length=253,
        pattern=f"^{_SUBDOMAIN}$",
        is_not="the name of an object: use lower-case letters, digits, '-' and '.', such as my-object",
    ),
]
ClassName = Annotated[
    str,
    Text(
        max_length=253,
        pattern=f"^({_SUBDOMAIN})?$",
        is_not="the name of a class: use lower-case letters, digits, '-' and '.', such as high-priority",
    ),
]
PortName = Annotated[
    str,
    Text(
        max_length=15,
        pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        is_not="a port name: use at most 15 lower-case letters, digits and single '-', such as http",
    ),
    reserved("trimtab-", "the port"),
]
_REGISTRY = "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?"
_PATH_COMPONENT = "[a-z0-9]+([._-]+[a-z0-9]+)*"
Image = Annotated[
    str,
    # The grammar of https://github.com/distribution/reference, a little wider where runs of separators are concerned.
    Text(
        max_length=1024,
        pattern=f"^({_REGISTRY}/)?{_PATH_COMPONENT}(/{_PATH_COMPONENT})*"
        "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@[A-Za-z0-9_+.-]+:[0-9A-Fa-f]{32,})?$",
        is_not="an image reference: write registry/repository:tag or registry/repository@sha256:digest, without "
        "spaces and with the repository in lower case",
    ),
]
Hostname = Annotated[
    str,
    Text(
        max_length=253,
        pattern=rf"^(\*\.)?{_SUBDOMAIN}$",
        is_not="a host name: write it in lower case without scheme, port or path, such as shop.example",
    ),
    Rule(rule="!isIP(self)", message="'%s' is an address: write a host name, such as shop.example", values=("self",)),
]
UrlPath = Annotated[
    str,
    Text(
        max_length=1024,
        pattern=r"^/[A-Za-z0-9/._~!$&'()*+,;=:@%-]*$",
        is_not="a URL path: begin it with '/' and leave out query and fragment, such as /orders",
    ),
]
FilePath = Annotated[
    str,
    Text(
        max_length=512,
        pattern=f"^(/{_SEGMENT})+$",
        is_not="an absolute path: begin it with '/', end it without, and use no ':', '.' or '..', such as /var/cache",
    ),
]
RelativePath = Annotated[
    str,
    Text(
        max_length=255,
        pattern=r"^[^/:\x00-\x1f][^:\x00-\x1f]*$",
        is_not="a relative path: begin it without '/' and use no ':', such as conf/app.yaml",
    ),
    # A pattern without '..' would be so long that, in lists of lists, it takes most of the CRD's budget for rules.
    Rule(
        rule="!('/' + self + '/').contains('/../')",
        message="'%s' leads out of its directory: leave out '..'",
        values=("self",),
    ),
]
Duration = Annotated[
    str,
    Text(
        max_length=24,
        pattern=DURATION,
        is_not="a duration: write whole numbers with the units h, m, s or ms, such as 30s or 2m30s",
    ),
]
Percentage = Annotated[
    str,
    Text(
        max_length=5,
        pattern="^[1-9][0-9]{0,3}%$",
        is_not="a percentage: write a whole number from 1 with a percent sign, such as 70%",
    ),
]
EnvName = Annotated[
    str,
    Text(
        max_length=253,
        pattern="^[A-Za-z_][A-Za-z0-9_.-]*$",
        is_not="the name of a variable: use letters, digits, '_', '.' and '-', beginning with a letter or '_'",
    ),
    reserved("TRIMTAB_", "the variable"),
]
EnvPrefix = Annotated[
    str,
    Text(
        max_length=253,
        pattern="^([A-Za-z_][A-Za-z0-9_.-]*)?$",
        is_not="a prefix of variables: use letters, digits, '_', '.' and '-', beginning with a letter or '_'",
    ),
]
CronSchedule = Annotated[
    str,
    Text(
        max_length=128,
        pattern=_CRON,
        is_not="a cron schedule: write minute, hour, day of month, month and day of week, such as '0 3 * * *'",
    ),
]
TimeZone = Annotated[
    str,
    Text(
        max_length=64,
        pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$",
        is_not="a time zone: write its IANA name, such as Europe/Berlin",
    ),
]
DataKey = Text(
    max_length=253, pattern="^[-._a-zA-Z0-9]+$", is_not="a key: use letters, digits, '-', '_' and '.', such as app.yaml"
)
LabelKey = Text(
    max_length=317,
    pattern=rf"^({_SUBDOMAIN}/)?{_NAME}$",
    is_not="a label or annotation key: write name or prefix/name, such as team or example.com/team",
)
LabelValue = Annotated[
    str,
    Text(
        max_length=63,
        pattern=f"^({_NAME})?$",
        is_not="a label value: use letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
    ),
]
VolumeName = Annotated[Name, reserved("trimtab-", "the volume")]
ContainerName = Annotated[
    Name,
    reserved("trimtab-", "the container"),
    Rule(
        rule="self != 'app'",
        message="'app' is the service's own container: give the container another name",
    ),
]
LabelKeyText = Annotated[str, LabelKey]
DataKeyText = Annotated[str, DataKey]
ShortText = Annotated[str, Text(max_length=253)]
LongText = Annotated[str, Text(max_length=32768)]
Argument = Annotated[str, Text(max_length=4096)]
FileContent = Annotated[str, Text(max_length=262144)]
AnnotationValue = Annotated[str, Text(max_length=16384)]
Message = Annotated[str, Text(max_length=32768)]
Timestamp = Annotated[str, Text(max_length=32, format="date-time")]

Labels = Annotated[dict[str, str], TextMap(key=LabelKey, value=LabelValue, max_items=32)]
Annotations = Annotated[dict[str, str], TextMap(key=LabelKey, value=AnnotationValue, max_items=32)]

PortNumber = Annotated[int, Field(ge=1, le=65535)]
ListenPort = Annotated[
    PortNumber,
    Rule(
        rule="self < 15000 || self > 15999",
        message="port %s is reserved for the proxy, as 15000-15999 are: listen on another port",
        values=("self",),
    ),
]
FileMode = Annotated[int, Field(ge=0, le=511)]
GroupId = Annotated[int, Field(ge=0, le=2147483647)]
UserId = Annotated[
    GroupId,
    Rule(
        rule="self != 0",
        message="0 is root, as which `restricted` pods may not run: use a number from 1, such as 10001, and an image "
        "that works with it",
    ),
]
PositiveDuration = Annotated[
    Duration,
    Rule(
        rule=f"!self.matches({cel_string(DURATION)}) || duration(self) >= duration('1s')",
        message="'%s' is shorter than 1s: write a longer duration, such as 10m",
        values=("self",),
    ),
]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntOrText:
    """An integer from `minimum` or a string with `pattern`, as Kubernetes' IntOrString and Quantity.

    With `as_text` an integer is kept as its decimal text. The pattern goes into the CRD as such, not as a rule: up to
    Kubernetes 1.33 the API server takes the string of an int-or-string for one of 3 MiB when it prices a rule.
    """

    minimum: int
    pattern: str
    max_length: int = 32
    as_text: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The check in Python."""
        text = core_schema.str_schema(pattern=self.pattern, max_length=self.max_length, strict=True)
        number = core_schema.int_schema(ge=self.minimum, strict=True)
        if not self.as_text:
            return core_schema.union_schema([number, text])
        as_text = core_schema.no_info_after_validator_function(str, number)
        return core_schema.union_schema([as_text, text])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The same in the CRD."""
        return {
            "x-kubernetes-int-or-string": True,
            "minimum": self.minimum,
            "maxLength": self.max_length,
            "pattern": self.pattern,
        }


Quantity = Annotated[str, IntOrText(minimum=0, pattern=_QUANTITY, as_text=True)]
IntOrPercentage = Annotated[int | str, IntOrText(minimum=1, pattern="^([1-9][0-9]?|100)%$")]


def parse_duration(duration: str) -> timedelta:
    """The length of a duration of the API such as `2m30s`. Raises ValueError for any other text."""
    parts = re.findall(r"([0-9]{1,5})(ms|h|m|s)", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"not a duration: {duration!r}")
    seconds = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    return timedelta(seconds=sum(int(number) * seconds[unit] for number, unit in parts))
