"""environment.yml: its pip part. conda's own packages need conda, which no recipe here runs.

The file has one shape in practice, a block list of names with one nested list under ``pip:``; that is what is read.
"""

import re

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import UnsupportedError

FILE = "environment.yml"
_ITEM = re.compile(r"^(?P<indent>\s*)-\s+(?P<value>.*?)\s*$")
_NOT_INSTALLED = re.compile(r"^(python|pip)\b")
"""The base image has them."""


def pip_requirements(tree: TreeFiles) -> list[str]:
    """Return what stands under ``pip:``.

    Raises
    ------
    UnsupportedError
        It asks for packages of conda's own.
    """
    in_dependencies, pip_indent = False, None
    found: list[str] = []
    conda: list[str] = []
    for raw in tree.text(FILE).splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        item = _ITEM.match(line)
        if line and item is None:
            in_dependencies, pip_indent = line.startswith("dependencies:"), None
        elif item is not None and in_dependencies:
            indent, value = len(item["indent"]), item["value"].strip("'\"")
            if pip_indent is not None and indent > pip_indent:
                found.append(value)
            elif value == "pip:":
                pip_indent = indent
            else:
                pip_indent = None
                conda += [] if _NOT_INSTALLED.match(value) else [value]
    if conda:
        raise UnsupportedError(
            f"{FILE} asks for packages of conda ({', '.join(conda[:5])}{' …' if len(conda) > 5 else ''}), which is not "
            "supported: name an image that has them in the setting sandbox.image."
        )
    return found
