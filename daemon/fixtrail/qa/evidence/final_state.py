"""Whether the files were, at some moment, what they are at the end: so that a run then tells of the final code."""

from fixtrail.qa.evidence.entries import Edit, TreeMove

Change = Edit | TreeMove


class FinalState:
    """Going back through changes from the end: whether the files are what they will be at the end."""

    def __init__(self) -> None:
        self._final: dict[str, str | None] = {}
        self._differ: set[str] = set()
        self._unknown: set[str] = set()
        self._tree: str | None = None
        self._tree_differs = False

    @property
    def is_final(self) -> bool:
        """Whether every file has its final content."""
        return not self._differ and not self._tree_differs

    def undo(self, change: Change) -> None:
        """Go to before ``change``."""
        if isinstance(change, TreeMove):
            if self._tree is None:
                self._tree = change.tree_after
            self._tree_differs = change.tree_before is None or change.tree_before != self._tree
            return
        path = change.path
        if change.blob_before is None and change.blob_after is None:
            self._unknown.add(path)
        final = self._final.setdefault(path, change.blob_after)
        only_saved = not change.changes_content
        if path in self._unknown or only_saved or change.blob_before != final:
            self._differ.add(path)
        else:
            self._differ.discard(path)
