"""Finds what dead processes left in the engine, by label and deadline: containers, volumes, networks, images.

A deadline, and not whether the maker still lives: the engine may serve other machines, whose processes nobody here can
ask.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError

from fixtrail.qa.sandbox.container import remove
from fixtrail.qa.sandbox.engine import Engine, connect, engine_trouble
from fixtrail.qa.sandbox.hardening import LABEL_DEADLINE

_OURS = {"label": LABEL_DEADLINE}


@dataclass
class Sweep:
    """What one look around gave.

    Attributes
    ----------
    removed
        How many things were past their deadline and are gone.
    next_deadline
        The earliest deadline of those that are left, in seconds since the epoch; None: there are none.
    """

    removed: int = 0
    next_deadline: float | None = None

    def take(self, found: Iterable[Mapping[str, Any]], key: str, end: Callable[[str], bool]) -> None:
        """Remove what is past its deadline, and note the deadlines of the rest."""
        for each in found:
            deadline = _deadline(each.get("Labels"))
            if deadline is None:
                continue
            if deadline < time.time():
                self.removed += end(each[key])
            else:
                self.next_deadline = min(deadline, self.next_deadline or deadline)


def _deadline(labels: Mapping[str, str] | None) -> float | None:
    text = (labels or {}).get(LABEL_DEADLINE, "")
    return int(text) if text.isdecimal() else None


def reap() -> Sweep:
    """Remove everything of ours that is past its deadline.

    Of images only those without a name: one that was being made. A finished one may bear the label of its making.

    Raises
    ------
    UnavailableError
        ``docker/unavailable`` or ``docker/engine-error``.
    """
    sweep = Sweep()
    with connect() as engine, engine_trouble("listing what was left behind"):
        client = engine.client
        sweep.take(client.containers(all=True, filters=_OURS), "Id", lambda name: remove(engine, name))
        # After the containers: what one of those still uses cannot go.
        sweep.take(client.volumes(filters=_OURS)["Volumes"] or (), "Name", _volume(engine))
        sweep.take(client.networks(filters=_OURS), "Id", _network(engine))
        sweep.take(client.images(filters={**_OURS, "dangling": True}), "Id", _image(engine))
    return sweep


def _volume(engine: Engine) -> Callable[[str], bool]:
    return lambda name: _gone(lambda: engine.client.remove_volume(name))


def _network(engine: Engine) -> Callable[[str], bool]:
    return lambda name: _gone(lambda: engine.client.remove_network(name))


def _image(engine: Engine) -> Callable[[str], bool]:
    return lambda name: _gone(lambda: engine.client.remove_image(name))


def _gone(end: Callable[[], object]) -> bool:
    """Do it, and say whether it worked: what is in use, or was removed by somebody else meanwhile, is no trouble."""
    with contextlib.suppress(APIError):
        end()
        return True
    return False
