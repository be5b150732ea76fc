"""What an image is made from, as one hash, and the names and labels that follow from it."""

import hashlib
import json

from fixtrail.qa.sandbox.environment.files import TreeFiles
from fixtrail.qa.sandbox.environment.recipe import Recipe

REPOSITORY = "fixtrail-env"
LABEL_KEY = "dev.fixtrail.environment"
LABEL_RECIPE = "dev.fixtrail.environment.recipe"
LABEL_SOURCES = "dev.fixtrail.environment.sources"
LABEL_BASE = "dev.fixtrail.environment.base"
LABEL_BASE_DIGEST = "dev.fixtrail.environment.base-digest"
FORMAT = "1"
"""Raise it when the same recipe has to give another image."""


def image_key(recipe: Recipe, tree: TreeFiles, base_digest: str) -> str:
    """Return SHA-256, in hexadecimal, over the files, the recipe and the base image's digest."""
    parts: list[str] = [
        FORMAT,
        base_digest,
        recipe.name,
        recipe.script,
        json.dumps([dict(recipe.files), dict(recipe.environment), recipe.path], sort_keys=True),
    ]
    for name in sorted(recipe.sources):
        parts += [name, hashlib.sha256(tree.data(name)).hexdigest()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def image_tag(key: str) -> str:
    """Return the name of the image with this key."""
    return f"{REPOSITORY}:{key}"


def image_labels(recipe: Recipe, key: str, base_image: str, base_digest: str) -> dict[str, str]:
    """Return what an image tells of itself."""
    return {
        LABEL_KEY: key,
        LABEL_RECIPE: recipe.name,
        LABEL_SOURCES: json.dumps(recipe.sources),
        LABEL_BASE: base_image,
        LABEL_BASE_DIGEST: base_digest,
    }
