"""Where an upload goes, and how patient it is."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class UploadTarget:
    """A collector: its base URL and the bearer token it wants."""

    url: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a collector that does not answer is asked again.

    Attributes
    ----------
    attempts
        Of one request, the first included.
    wait_initial, wait_max
        Seconds before the second attempt, doubling (with jitter) up to the longest.
    retry_after_max
        Seconds that a server's ``Retry-After``, which counts before both, may ask for at the most.
    """

    attempts: int = 6
    wait_initial: float = 0.5
    wait_max: float = 15.0
    retry_after_max: float = 60.0
