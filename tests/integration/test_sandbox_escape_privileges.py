"""Hostile tests that want to be more than they are: privileges, the kernel, other processes, the host's files."""

from pathlib import Path

import pytest

from tests.support.hostile import attack
from tests.support.sandbox import QUICK, engine  # noqa: F401  engine is a fixture

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

RAISE = """
import ctypes, errno, os, shutil, stat, subprocess, sys
from pathlib import Path

import pytest

libc = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"


def refused(result):
    assert result == -1
    assert ctypes.get_errno() in (errno.EPERM, errno.ENOSYS, errno.EACCES), os.strerror(ctypes.get_errno())


def capabilities():
    return {line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Cap")}


def test_capabilities_cannot_be_raised():
    refused(libc.prctl(47, 2, 21, 0, 0))  # PR_CAP_AMBIENT_RAISE CAP_SYS_ADMIN
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    refused(libc.capset(header, data))
    assert capabilities() == {"0" * 16}


@pytest.mark.parametrize("call", ["setuid", "setgid", "seteuid"])
def test_no_other_user(call):
    with pytest.raises(PermissionError):
        getattr(os, call)(0)


def test_a_setuid_program_made_here_raises_nothing():
    for place in ("/tmp", "/work"):
        mine = Path(place, "id")
        shutil.copy("/usr/bin/id", mine)
        mine.chmod(0o6755)
        assert subprocess.check_output([mine, "-u"], text=True).strip() == str(os.getuid())


def test_setuid_programs_of_the_image_raise_nothing():
    found = [path for folder in ("/bin", "/usr/bin", "/sbin", "/usr/sbin") for path in Path(folder).iterdir()
             if path.is_file() and path.stat().st_mode & stat.S_ISUID]
    assert found
    for program in found:
        child = subprocess.Popen([program, "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        child.wait()
    probe = "import os; print(os.geteuid())"
    assert subprocess.check_output([sys.executable, "-c", probe], text=True).strip() == str(os.getuid())


@pytest.mark.parametrize("kind", ["tmpfs", "proc", "sysfs", "cgroup", "overlay", "bind"])
def test_nothing_can_be_mounted(kind):
    os.makedirs("/tmp/mnt", exist_ok=True)
    flags = 4096 if kind == "bind" else 0
    refused(libc.mount(b"/" if flags else b"none", b"/tmp/mnt", kind.encode(), flags, None))


def test_the_root_stays_read_only():
    refused(libc.mount(b"none", b"/", None, 32, None))  # MS_REMOUNT
    refused(libc.umount2(b"/proc/kcore", 2))
    refused(libc.pivot_root(b"/tmp", b"/tmp")) if hasattr(libc, "pivot_root") else None
    with pytest.raises(PermissionError):
        os.chroot("/tmp")


@pytest.mark.parametrize("flag", [0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x02000000])
def test_no_namespace_of_its_own(flag):
    refused(libc.unshare(flag))


def test_no_user_namespace_by_clone():
    if X86:
        refused(libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0))  # clone(CLONE_NEWUSER)


def test_no_namespace_of_another_process():
    for name in os.listdir("/proc/1/ns"):
        try:
            handle = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
        except OSError:
            continue
        refused(libc.setns(handle, 0))
        os.close(handle)


@pytest.mark.skipif("not X86")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("add_key", (248, b"user", b"MARKER", b"x", 1, -3)),
        ("keyctl", (250, 0, -3, 1)),
        ("bpf", (321, 5, 0, 0)),
        ("userfaultfd", (323, 0)),
        ("perf_event_open", (298, 0, 0, -1, -1, 0)),
        ("init_module", (175, 0, 0, b"")),
        ("kexec_load", (246, 0, 0, 0, 0)),
        ("reboot", (169, 0xFEE1DEAD, 672274793, 0x1234567, 0)),
        ("open_by_handle_at", (304, -100, 0, 0)),
        ("settimeofday", (164, 0, 0)),
        ("swapon", (167, b"/tmp/x", 0)),
        ("syslog", (103, 3, 0, 0)),
        ("acct", (163, b"/tmp/x")),
        ("iopl", (172, 3)),
    ],
)
def test_system_calls_that_reach_the_kernel(name, arguments):
    refused(libc.syscall(*arguments))


def test_the_hosts_name_and_clock_stay():
    import socket, time
    with pytest.raises(OSError):
        socket.sethostname("MARKER")
    with pytest.raises(OSError):
        time.clock_settime(time.CLOCK_REALTIME, 0)


def test_other_processes_are_not_there():
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    assert max(pids) < 1000
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in pids}
    assert owners == {os.getuid()}
    assert Path("/proc/1/comm").read_text().strip() not in ("systemd", "init", "dockerd")


def test_the_first_process_has_no_more_to_give():
    lines = Path("/proc/1/status").read_text().splitlines()
    held = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
    assert held["CapEff"] == held["CapBnd"] == "0" * 16
    assert held["NoNewPrivs"] == "1"
    assert held["Uid"].split() == [str(os.getuid())] * 4


def test_no_device_node_can_be_made():
    for major, minor in ((1, 1), (8, 0), (254, 0), (10, 229)):
        with pytest.raises(PermissionError):
            os.mknod("/tmp/MARKER", 0o600 | stat.S_IFBLK, os.makedev(major, minor))


def test_devices():
    allowed = {"console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin",
               "stdout", "tty", "urandom", "zero"}
    assert set(os.listdir("/dev")) <= allowed
"""

LOOK = """
import os
from pathlib import Path

import pytest


def test_the_hosts_secrets():
    for path in ("/etc/shadow", "/proc/1/root/etc/shadow", "/proc/1/environ"):
        try:
            text = Path(path).read_text()
        except PermissionError:
            continue
        assert "{secret}" not in text
        assert path == "/proc/1/environ"


def test_no_file_of_the_host_is_there():
    assert not Path("{file}").exists()
    for place in ("/proc/1/root", "/proc/self/root", "/proc/1/cwd", "/proc/self/cwd"):
        try:
            assert not Path(place + "{file}").exists()
            assert not Path(place + "/../../../../../../..{file}").exists()
        except PermissionError:
            pass


@pytest.mark.parametrize("path", ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug"])
def test_what_the_engine_masks(path):
    try:
        with open(path, "rb") as file:
            assert file.read(64) == b""
    except OSError:
        pass


@pytest.mark.parametrize(
    "path",
    ["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches",
     "/sys/kernel/uevent_helper", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max",
     "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/cgroup.procs", "/sys/power/state"],
)
def test_the_kernels_switches(path):
    with pytest.raises(OSError):
        with open(path, "r+b", buffering=0) as file:
            file.write(b"1")


def test_no_way_to_the_engine():
    names = ("docker.sock", "podman.sock", "containerd.sock", "crio.sock", "dockershim.sock")
    for folder in ("/run", "/var/run", "/tmp", "/work"):
        for path, folders, files in os.walk(folder):
            assert not set(names) & set(files + folders)
    assert "docker.sock" not in Path("/proc/self/mountinfo").read_text()


def test_no_folder_of_the_host_is_mounted_writable():
    writable = set()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        where, options, kind = left.split()[4], left.split()[5].split(","), right.split()[0]
        if "rw" in options and kind not in ("tmpfs", "proc", "devpts", "mqueue", "devtmpfs"):
            writable.add(where)
    assert writable <= {{"/fixtrail", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}}
    for path in writable:
        assert not os.access(path, os.W_OK)


def test_only_the_report_can_be_written_on_the_hosts_disk():
    writable = [os.path.join(path, name) for path, folders, files in os.walk("/fixtrail") for name in files + folders
                if os.access(os.path.join(path, name), os.W_OK)]
    assert writable == ["/fixtrail/out/junit.xml"]
    for attempt in (lambda: os.remove("/fixtrail/out/junit.xml"), lambda: os.mkdir("/fixtrail/out/MARKER"),
                    lambda: os.symlink("/etc/passwd", "/fixtrail/out/MARKER"),
                    lambda: os.rename("/fixtrail/out", "/fixtrail/MARKER"),
                    lambda: os.chmod("/fixtrail/out", 0o777)):
        with pytest.raises(OSError):
            attempt()


@pytest.mark.parametrize("place", ["/", "/etc", "/root", "/usr/local/bin", "/var/tmp", "/run", "/dev", "/opt"])
def test_nothing_is_written_outside(place):
    with pytest.raises(OSError):
        open(os.path.join(place, "MARKER"), "w")
"""


async def all_contained(where: Path, code: str) -> None:
    receipt = await attack(where, code, "pytest -q -p no:cacheprovider")
    wrong = [f"{case.name}: {case.message}" for case in receipt.cases or [] if case.outcome in ("failed", "error")]
    assert (receipt.verdict, wrong) == ("passed", []), receipt.output


async def test_privileges_cannot_be_raised(tmp_path: Path) -> None:
    await all_contained(tmp_path, RAISE)


async def test_the_hosts_files_cannot_be_read_or_written(tmp_path: Path) -> None:
    secret = tmp_path / "a-file-of-the-host.txt"
    secret.write_text("the secret of this machine")

    await all_contained(tmp_path, LOOK.format(secret=secret.read_text(), file=secret))

    assert secret.read_text() == "the secret of this machine"


async def test_the_first_process_can_be_traced_and_nothing_is_won_by_it(tmp_path: Path) -> None:
    # It is of the same user, so the kernel allows it. Traced and left, it stays stopped, and the deadline comes.
    code = """
        import ctypes, os, signal
        def test_bad():
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.ptrace(16, 1, 0, 0) == 0:  # PTRACE_ATTACH
                print("attached", flush=True)
                report = os.open("/fixtrail/out/junit.xml", os.O_WRONLY)
                os.write(report, b"<testsuite><testcase name='t'/></testsuite>")
                os._exit(0)
            assert False
    """
    receipt = await attack(tmp_path, code, "pytest -q -s", QUICK.model_copy(update={"timeout_seconds": 4.0}))

    assert receipt.verdict == ("timeout" if "attached" in (receipt.output or "") else "failed")
