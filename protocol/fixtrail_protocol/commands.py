"""A test command is an argument list, never a line for a shell."""

import re
import shlex

_ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")
_OPERATORS = frozenset(";|&<>()")


class CommandError(ValueError):
    """The command needs a shell, or cannot be read; ``part`` is what is in the way."""

    def __init__(self, message: str, part: str) -> None:
        super().__init__(message)
        self.part = part


def _refuse(part: str, why: str) -> CommandError:
    return CommandError(
        f"the test command holds {part!r}: {why}. It is run without a shell; put such a line into a script and "
        "name that.",
        part,
    )


def _operator_outside_quotes(command: str) -> tuple[str, str] | None:
    """Find the first thing only a shell would understand, following POSIX quoting (XCU 2.2)."""
    quote = ""
    index = 0
    while index < len(command):
        char = command[index]
        if char == "\\" and quote != "'":
            index += 2
            continue
        if quote:
            if char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        if quote != "'":
            if char == "`":
                return "`", "a command substitution"
            if char == "$":
                following = command[index + 1 : index + 2]
                if following == "(":
                    return "$(", "a command substitution"
                if following == "{" or following.isidentifier():
                    return "$" + following, "a variable"
        if not quote:
            if char in _OPERATORS:
                run = index
                while run < len(command) and command[run] in _OPERATORS and command[run] in "|&<>;":
                    run += 1
                return command[index : max(run, index + 1)], "a shell operator"
            if char in "\r\n":
                return char, "a line break"
        index += 1
    return None


def parse_test_command(command: str) -> list[str]:
    """Split a test command into its arguments with POSIX quoting.

    Parameters
    ----------
    command
        For example ``python -m pytest -q "tests/unit"``.

    Returns
    -------
    list of str
        The arguments, at least one.

    Raises
    ------
    CommandError
        It is empty, has an open quote or a NUL, or holds a shell operator, a substitution, a variable or
        a leading ``NAME=value`` outside single quotes; the message names the offending part.
    """
    if "\0" in command:
        raise _refuse("\0", "a NUL character")
    if found := _operator_outside_quotes(command):
        raise _refuse(*found)
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise CommandError(f"the test command cannot be read: {str(error).lower()}", command) from None
    if not argv:
        raise CommandError("the test command is empty; name one, for example 'pytest'", command)
    if _ASSIGNMENT.match(argv[0]):
        raise _refuse(argv[0], "an assignment before the command")
    return argv
