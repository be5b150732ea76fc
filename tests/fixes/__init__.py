"""Real bug fixes: packages' own source and tests, and patches of ours that bring a bug back.

``bug.patch`` makes of the release (the fixed code) the code before the fix; ``expected.txt`` names the tests that then
fail, as :mod:`fixtrail.capture.junit` names them. Nothing of the packages lies here: ``scripts/setup-fixes`` fetches
them. Patches have no lines of context; pinned hashes make that safe.
"""

import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Fix:
    """One bug fix; ``expected`` are the tests that fail before it and pass after it."""

    name: str
    about: str
    expected: frozenset[str]

    def unpack(self, sources: Path, where: Path) -> tuple[Path, Path]:
        """Make the code before and after the fix, in new folders of ``where``; returns both.

        ``sources`` is where scripts/setup-fixes put the source distributions.
        """
        before, after = where / "before", where / "after"
        (source,) = sources.glob(f"{self.name}-*.tar.gz")
        with tarfile.open(source) as archive:
            archive.extractall(where / "unpacked", filter="data")
        (root,) = (where / "unpacked").iterdir()
        root.rename(after)
        shutil.copytree(after, before)
        subprocess.run(
            ["git", "apply", "-p0", "--unidiff-zero", str(FOLDER / self.name / "bug.patch")],
            cwd=before,
            # Within a checkout git would leave out, without a word, what is not below the folder's own place in it.
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_CEILING_DIRECTORIES": str(where)},
            check=True,
            capture_output=True,
        )
        return before, after


_ABOUT = {
    "boltons": "IndexedSet.update with several iterables added the iterables, not what is in them",
    "inflection": "ordinal took the remainder of a negative number for that of its absolute value",
    "more_itertools": "split_before with maxsplit 0 made an empty list of nothing",
    "tabulate": "a number with a decimal point was taken for an integer",
    "toolz": "partition_all looked for its padding with ==, which elements may refuse",
}

FIXES = [
    Fix(name, about, frozenset((FOLDER / name / "expected.txt").read_text().splitlines()))
    for name, about in _ABOUT.items()
]
