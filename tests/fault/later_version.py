"""The operator as a later version might be: it builds other pods, and hashes and counts its platform parts anew."""

from typing import Any

from trimtab.cli.main import main
from trimtab.domain.service import pods, revision

ANNOTATION = "example.com/built-by"

_template = pods.template


def _changed(*args: Any, **kwargs: Any) -> dict[str, Any]:
    template = _template(*args, **kwargs)
    template["metadata"]["annotations"][ANNOTATION] = "later-version"
    template["spec"]["containers"][0].setdefault("env", []).append({"name": "BUILT_BY", "value": "later-version"})
    return template


pods.template = _changed
revision.HASH_VERSION += 1
revision.PLATFORM_VERSION += 1

if __name__ == "__main__":
    main()
