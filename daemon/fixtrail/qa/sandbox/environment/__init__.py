"""Images with a project's dependencies: made once for each set of dependency files, and used again.

The way of an image: ``files`` reads a tree's dependency files, ``select`` and ``recipes`` say what they ask for,
``key`` names the image, ``container`` installs with a network, ``access`` tells it how this machine reaches one,
``image`` makes the layer and keeps the list, ``prepare`` holds these together. ``service`` is the asynchronous front.
"""

from fixtrail.qa.sandbox.environment.service import prepare_environment

__all__ = ["prepare_environment"]
