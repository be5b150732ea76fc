"""The data directory must not lie on a network: which file system a folder is on is read from the kernel's table."""

from pathlib import Path

import pytest
from fixtrail.store.place import NETWORK, file_system, network_file_system

TABLE = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:30 / /home rw - nfs4 server:/home rw
31 30 0:31 / /home/ada/local\040disk rw - xfs /dev/sdb rw
40 22 0:40 / /mnt/share rw - cifs //server/share rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/home/ada/.local/share/fixtrail", "nfs4"),
        ("/home/ada/local disk/x", "xfs"),
        ("/homes", "ext4"),
        ("/mnt/share", "cifs"),
    ],
)
def test_the_longest_mount_point_decides(path: str, kind: str) -> None:
    assert file_system(Path(path), TABLE) == kind


def test_this_machine_is_asked(tmp_path: Path) -> None:
    assert network_file_system(tmp_path) is None
    assert {"nfs4", "cifs", "fuse.sshfs"} <= NETWORK
