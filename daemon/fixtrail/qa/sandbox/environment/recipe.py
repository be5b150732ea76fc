"""What it takes to install a project's dependencies: one shape for every ecosystem."""

from collections.abc import Mapping
from dataclasses import dataclass, field

WORK = "/work"
"""Where the tree lies, in the build as in the tests: what is installed may point there."""
RESULT_VOLUME = "/opt/fixtrail"
RESULT = f"{RESULT_VOLUME}/environment"
"""What a script puts here becomes the image's one layer; everything else it writes is gone with its container."""
GENERATED = f"{RESULT}/generated.tar"
"""Files that an install makes in the tree (a version file, a link to node_modules); the tests' tree gets them too."""
INPUT = "/fixtrail/in"
"""Where a recipe's own files lie."""
BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH of an image that sets none, as the engine has it."""


class UnsupportedError(Exception):
    """A project asks for something no recipe does; the message is one sentence and says what to do."""


@dataclass(frozen=True)
class Recipe:
    """How an image is made of a project's files.

    Attributes
    ----------
    name
        What the user knows it by: ``pip``, ``uv``, ``npm`` …
    sources
        Files of the tree that decide what is installed. Their contents are part of the image's key.
    needs
        Programs that the base image must have.
    files
        Written for the script into :data:`INPUT`, by name.
    script
        For ``/bin/sh``, in :data:`WORK`; ends with 0 when everything is installed under :data:`RESULT`.
    environment
        Variables of the image.
    path
        Folders that go before the base image's PATH.
    wants
        Names of what is to be installed, as far as the files tell; for a message when it is not.
    """

    name: str
    sources: tuple[str, ...]
    script: str
    needs: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
