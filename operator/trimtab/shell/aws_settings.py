"""Settings of the way to AWS: how fast it may be called, and where changes made there are heard of."""

import re
from dataclasses import dataclass
from typing import Any

import click

from trimtab.shell.options import option

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """`region` is where the cluster runs. Rates are requests per second for each account, region and service.

    `events_queue` is the ARN of a queue that is told of changes in AWS, empty if there is none.
    """

    region: str
    read_rate: float
    write_rate: float
    events_queue: str


def build(values: dict[str, Any]) -> AwsSettings:
    """Takes its values out of those of all options."""
    names = [name for name in values if name.startswith("aws_")]
    return AwsSettings(**{name.removeprefix("aws_"): values.pop(name) for name in names})


def region(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """A region of AWS, or nothing. Raises click.BadParameter."""
    if value and not _REGION.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no region of AWS: write it as eu-central-1")
    return value


def _queue(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value and not _QUEUE.fullmatch(value):
        raise click.BadParameter(
            f"{value!r} is no ARN of a standard queue: write it as arn:aws:sqs:eu-central-1:123456789012:changes"
        )
    return value


OPTIONS = (
    option(
        "--aws-region",
        default="",
        callback=region,
        help="Region of AWS that the cluster runs in; empty: AWS_REGION, else unknown.",
    ),
    option(
        "--aws-read-rate",
        default=20.0,
        type=click.FloatRange(0.1, 1000),
        help="Requests per second that only read, for each account, region and service of AWS.",
    ),
    option(
        "--aws-write-rate",
        default=10.0,
        type=click.FloatRange(0.1, 1000),
        help="Requests per second that change something, for each account, region and service of AWS.",
    ),
    option(
        "--aws-events-queue",
        default="",
        callback=_queue,
        help="ARN of the SQS queue that EventBridge tells of changes in AWS; empty: drift is found by looking.",
    ),
)
