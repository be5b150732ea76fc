"""``python -m fixtrail.collector``: a collector set up by its environment, as in a container."""

import sys

from fixtrail.collector.config import CollectorConfig
from fixtrail.collector.service import run
from fixtrail.errors import FixtrailError


def main() -> int:
    """Run until told to stop; return an exit code."""
    try:
        run(CollectorConfig.from_environment())
    except FixtrailError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
