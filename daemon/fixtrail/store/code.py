"""The code as the events tell it: what is on the disk, and what stands unsaved in the editor.

The recorder moves this state on with each event it makes; replay moves it on with each event it reads. One
transition for both, so what is recorded is what is replayed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fixtrail.store.objects import Contents, object_id


class Entry(NamedTuple):
    """A file of a tree: git's mode and the blob id."""

    mode: str
    blob: str


@dataclass(slots=True)
class _Folder:
    """A folder of a tree; ``name`` is its tree id while nothing below it has changed."""

    children: dict[str, "Entry | _Folder"] = field(default_factory=dict)
    name: str | None = None


class CodeTree:
    """A git tree that changes: a file costs the folders above it, not the whole tree."""

    def __init__(self, algorithm: str = "sha1") -> None:
        self._algorithm = algorithm
        self._root = _Folder()

    @classmethod
    def of_listing(cls, listing: bytes, algorithm: str = "sha1") -> "CodeTree":
        """Make a tree from what ``git ls-tree -r -z --full-tree`` prints."""
        tree = cls(algorithm)
        for line in listing.split(b"\0"):
            if line:
                meta, _, path = line.partition(b"\t")
                mode, _, name = meta.decode("ascii").split(" ")
                tree.set(path.decode("utf-8", "surrogateescape"), Entry(mode, name))
        return tree

    def get(self, path: str) -> Entry | None:
        """Return the file at ``path``."""
        node: Entry | _Folder | None = self._root
        for part in path.split("/"):
            if not isinstance(node, _Folder):
                return None
            node = node.children.get(part)
        return node if isinstance(node, Entry) else None

    def set(self, path: str, entry: Entry) -> None:
        """Put a file; a file that stands where a folder is needed goes, and the other way round."""
        *folders, last = path.split("/")
        node = self._root
        node.name = None
        for part in folders:
            child = node.children.get(part)
            if not isinstance(child, _Folder):
                node.children[part] = child = _Folder()
            node = child
            node.name = None
        node.children[last] = entry

    def remove(self, path: str) -> None:
        """Take a file away, and the folders that are empty then."""
        way = [self._root]
        *folders, last = path.split("/")
        for part in folders:
            child = way[-1].children.get(part)
            if not isinstance(child, _Folder):
                return
            way.append(child)
        if not isinstance(way[-1].children.get(last), Entry):
            return
        del way[-1].children[last]
        for node in way:
            node.name = None
        for parent, part, node in reversed(list(zip(way, folders, way[1:], strict=False))):
            if not node.children:
                del parent.children[part]

    def files(self, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """Yield every file, or those below the folder ``prefix``."""
        node: Entry | _Folder | None = self._root
        for part in prefix.split("/") if prefix else ():
            node = node.children.get(part) if isinstance(node, _Folder) else None
        if isinstance(node, _Folder):
            yield from _walk(node, f"{prefix}/" if prefix else "")

    def write(self, contents: Contents | None = None) -> str:
        """Return the tree's id; with ``contents``, store the tree objects that are not known to be there."""
        return self._write(self._root, contents)

    def _write(self, folder: _Folder, contents: Contents | None) -> str:
        if folder.name is not None and (contents is None or folder.name.endswith("+")):
            return folder.name.removesuffix("+")
        lines = []
        for part, child in folder.children.items():
            raw = part.encode("utf-8", "surrogateescape")
            if isinstance(child, _Folder):
                # git sorts a folder as if its name ended with a slash
                lines.append((raw + b"/", b"40000 " + raw + b"\0" + bytes.fromhex(self._write(child, contents))))
            else:
                lines.append((raw, child.mode.encode() + b" " + raw + b"\0" + bytes.fromhex(child.blob)))
        content = b"".join(line for _, line in sorted(lines))
        if contents is None:
            folder.name = object_id("tree", content, algorithm=self._algorithm)
            return folder.name
        name = contents.folder.write("tree", content)
        folder.name = name + "+"
        return name


def _walk(folder: _Folder, prefix: str) -> Iterator[tuple[str, Entry]]:
    for part, child in folder.children.items():
        if isinstance(child, _Folder):
            yield from _walk(child, f"{prefix}{part}/")
        else:
            yield prefix + part, child


class CodeState:
    """What the events have told so far."""

    def __init__(self, disk: "CodeTree | Callable[[], CodeTree]", contents: Contents) -> None:
        self._disk = disk
        self.contents = contents
        self.unsaved: dict[str, str] = {}
        """Blob ids of texts that stand in the editor and not on the disk."""

    @property
    def disk(self) -> CodeTree:
        """The files on the disk; a listing of a large tree is read when it is first needed, not at the start."""
        if not isinstance(self._disk, CodeTree):
            self._disk = self._disk()
        return self._disk

    def seen(self, path: str) -> str | None:
        """Return the blob id of what the developer sees: the unsaved text, else the file on the disk."""
        if (blob := self.unsaved.get(path)) is not None:
            return blob
        entry = self.disk.get(path)
        return entry.blob if entry else None

    def before(self, data: Mapping[str, Any]) -> str | None:
        """Return the blob id an edit with this ``data`` starts from."""
        if data.get("origin") == "editor":
            return self.seen(data["file_path"])
        entry = self.disk.get(data.get("old_path") or data["file_path"])
        return entry.blob if entry else None

    def move_on(self, data: Mapping[str, Any]) -> None:
        """Apply the ``data`` of a ``code_edit`` that tells ``blob_after``."""
        path, after = data["file_path"], data.get("blob_after")
        if data.get("origin") == "editor" and not data.get("saved"):
            self.unsaved[path] = after or ""
            return
        if (old := data.get("old_path")) is not None:
            self.disk.remove(old)
        if after is None:
            self.disk.remove(path)
        else:
            self.disk.set(path, Entry(data.get("mode") or "100644", after))
        if data.get("origin") == "editor" or self.unsaved.get(path) == after:
            self.unsaved.pop(path, None)
