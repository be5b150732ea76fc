"""The ``fixtrail`` command. ``serve`` goes its own short way: an editor waits for it."""

import gc
import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["serve"]:
        # What is imported here lives as long as the process: collecting garbage meanwhile only costs time.
        gc.disable()
        from fixtrail.cli.serve import serve_command

        gc.enable()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        serve_command.main(args=sys.argv[2:], prog_name="fixtrail serve")
    else:
        from fixtrail.cli import cli

        cli.main(prog_name="fixtrail")


if __name__ == "__main__":
    main()
