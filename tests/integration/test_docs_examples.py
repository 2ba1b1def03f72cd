"""Every resource of ours that the docs show is accepted by a real API server, strictly: it knows every field in it.

YAML is read as kubectl reads it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.kube import APPLY, Kube, path

from trimtab.cli.manifests import Loader

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
GROUP = "trimtab.dev/"
CLUSTER_SCOPED = {"BindingPolicy"}


def examples() -> Iterator[Any]:
    """Each document of our API group in the docs, named by its page and line."""
    for page in PAGES:
        text = page.read_text()
        for fence in FENCE.finditer(text):
            line = text.count("\n", 0, fence.start()) + 1
            for document in yaml.load_all(fence[1], Loader=Loader):
                if isinstance(document, dict) and str(document.get("apiVersion", "")).startswith(GROUP):
                    yield pytest.param(document, id=f"{page.relative_to(ROOT)}:{line}")


EXAMPLES = list(examples())


async def test_the_docs_have_examples() -> None:
    assert len(EXAMPLES) > 10


@pytest.mark.parametrize("document", EXAMPLES)
async def test_example_is_accepted(kube: Kube, space: str, document: dict[str, Any]) -> None:
    scope = "" if document["kind"] in CLUSTER_SCOPED else space
    document = {**document, "metadata": {**document["metadata"], "namespace": scope}}
    url = path(document["kind"], scope, document["metadata"]["name"])
    query = {"dryRun": "All", "fieldValidation": "Strict", "fieldManager": "docs", "force": "true"}
    answer = await kube.call("PATCH", url, document, APPLY, **query)
    assert answer["metadata"]["uid"]
