"""What carries certain tags, over all services: the Resource Groups Tagging API.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from collections.abc import Mapping
from typing import Any

from trimtab.ports.cloud import CloudUnavailableError

SERVICE = "resourcegroupstaggingapi"

PAGES = 1000
"""More than this (100,000 resources) is taken for an answer that does not end."""


def tagged(client: Any, tags: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """ARN -> all its tags. Whole, or it raises: a missing page would make live bindings' resources look removed."""
    found: dict[str, Mapping[str, str]] = {}
    request: dict[str, Any] = {
        "TagFilters": [{"Key": key, "Values": [value]} for key, value in tags.items()],
        "ResourcesPerPage": 100,
    }
    for _ in range(PAGES):
        page = client.get_resources(**request)
        if "ResourceTagMappingList" not in page:
            raise CloudUnavailableError("tag:GetResources: an answer without a list", action="tag:GetResources")
        for resource in page["ResourceTagMappingList"]:
            found[resource["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in resource.get("Tags", ())}
        if not page.get("PaginationToken"):
            return found
        request["PaginationToken"] = page["PaginationToken"]
    raise CloudUnavailableError("tag:GetResources: an answer that does not end", action="tag:GetResources")
