"""What an image is made from, as one hash, and the names and labels that follow from it."""

import hashlib
import json
from collections.abc import Sequence

from fixtrail.qa.sandbox.environment.dockerfile import Blueprint
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


def blueprint_key(blueprint: Blueprint, tree: TreeFiles, base_digests: Sequence[str]) -> str:
    """Return the key of what a Dockerfile makes: over the file, what it copies of dependency files, and its bases."""
    parts = [FORMAT, "dockerfile", *base_digests, blueprint.dockerfile, blueprint.context, blueprint.target or ""]
    parts.append(json.dumps(blueprint.arguments, sort_keys=True))
    for name in sorted(blueprint.sources):
        parts += [name, hashlib.sha256(tree.data(name)).hexdigest()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def image_tag(key: str) -> str:
    """Return the name of the image with this key."""
    return f"{REPOSITORY}:{key}"


def image_labels(recipe: str, sources: Sequence[str], key: str, base_image: str, base_digest: str) -> dict[str, str]:
    """Return what an image tells of itself."""
    return {
        LABEL_KEY: key,
        LABEL_RECIPE: recipe,
        LABEL_SOURCES: json.dumps(list(sources)),
        LABEL_BASE: base_image,
        LABEL_BASE_DIGEST: base_digest,
    }
