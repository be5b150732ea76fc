"""Finds containers that their makers left behind, by label and deadline."""

import time

from fixtrail.qa.sandbox.engine import connect, engine_trouble
from fixtrail.qa.sandbox.execution import remove
from fixtrail.qa.sandbox.hardening import LABEL_DEADLINE


def _is_past(labels: dict[str, str] | None) -> bool:
    deadline = (labels or {}).get(LABEL_DEADLINE, "")
    return deadline.isdecimal() and int(deadline) < time.time()


def reap() -> int:
    """Remove each container of ours that is past its deadline, with its volume; return how many.

    Raises
    ------
    UnavailableError
        ``docker/unavailable`` or ``docker/engine-error``.
    """
    with connect() as engine, engine_trouble("listing containers"):
        found = engine.client.containers(all=True, filters={"label": LABEL_DEADLINE})
        return sum(remove(engine, each["Id"]) for each in found if _is_past(each.get("Labels")))
