"""The ``fixtrail`` command. ``serve`` goes its own short way: an editor waits for it."""

import gc
import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] in (["serve"], ["serve", "--stdio"]):
        # What is imported here lives as long as the process: collecting garbage meanwhile only costs time.
        gc.disable()
        from fixtrail.server.run import serve

        gc.enable()
        gc.freeze()
        sys.exit(serve())
    else:
        from fixtrail.cli import cli

        cli.main(prog_name="fixtrail")


if __name__ == "__main__":
    main()
