"""Images with a project's dependencies: made once for each set of dependency files, and used again.

The way of an image: ``files`` reads a tree's dependency files, ``select`` and ``recipes`` say what they ask for,
``key`` names the image, ``confinement`` and ``container`` install with a network, ``access`` tells how this machine
reaches one, ``image`` makes the layer; ``dockerfile`` and ``engine_build`` do it by a Dockerfile. ``plans`` and
``prepare`` hold these together, ``catalogue`` lists and removes, ``service`` is the asynchronous front.
"""

from fixtrail.qa.sandbox.environment.service import list_environments, prepare_environment, prune_environments

__all__ = ["list_environments", "prepare_environment", "prune_environments"]
