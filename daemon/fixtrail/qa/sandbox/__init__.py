"""Runs a tree's tests in a container that can reach nothing, and says how they ended.

The way of a run: ``endpoint`` and ``engine`` find an engine that answers, ``hardening`` makes the container, ``tree``
sends the tree in, ``output`` takes apart what is printed, ``witness`` hears what pytest says meanwhile, ``verdict``
judges, and ``execution`` holds these together in one worker thread. ``service`` is the asynchronous front; ``queue``
lets runs wait for each other, and ``orphans`` finds what dead processes left.

Docker's SDK takes a tenth of a second to import, so only the modules behind the front import it, in that thread.
"""

from fixtrail.qa.sandbox.job import EngineStatus, Job
from fixtrail.qa.sandbox.queue import in_turn
from fixtrail.qa.sandbox.service import engine_status, reap_orphans, reap_until_none_is_left, run_tests

__all__ = ["EngineStatus", "Job", "engine_status", "in_turn", "reap_orphans", "reap_until_none_is_left", "run_tests"]
