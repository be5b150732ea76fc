"""What tests find when they look around in their container; the looking is done by a test inside."""

import textwrap
from pathlib import Path

import pytest
from fixtrail.qa.sandbox import run_tests

from tests.support.sandbox import QUICK, engine, job  # noqa: F401

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

INSIDE = """
import errno, os, resource, socket, stat, subprocess, sys, time
from pathlib import Path

import pytest


def status():
    lines = Path("/proc/self/status").read_text().splitlines()
    return dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)


def test_not_root():
    assert (os.getuid(), os.geteuid(), os.getgid(), os.getgroups()) == (61000, 61000, 61000, [61000])


def test_no_capability_no_new_privilege_and_a_system_call_filter():
    found = status()
    assert {found[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert found["NoNewPrivs"] == "1"
    assert found["Seccomp"] == "2"


def test_setuid_programs_raise_nothing():
    assert os.stat("/bin/su").st_mode & stat.S_ISUID
    assert subprocess.run(["/bin/su", "-c", "id -u"], stdin=subprocess.DEVNULL, capture_output=True).returncode != 0


def test_no_network_but_loopback():
    assert os.listdir("/sys/class/net") == ["lo"]
    with socket.socket() as link, pytest.raises(OSError) as raised:
        link.connect(("192.0.2.1", 80))
    assert raised.value.errno == errno.ENETUNREACH
    with pytest.raises(OSError):
        socket.getaddrinfo("example.org", 80)


def test_loopback_of_its_own_serves():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


@pytest.mark.parametrize(
    "place", ["/", "/etc", "/usr/lib", "/var/tmp", "/root", "/fixtrail", "/fixtrail/out", "/fixtrail/witness"]
)
def test_nothing_can_be_written(place):
    with pytest.raises(OSError) as raised:
        open(f"{place}/written", "w")
    assert raised.value.errno in (errno.EROFS, errno.EACCES)


@pytest.mark.parametrize("place", ["/work", "/tmp", "/tmp/home", "/dev/shm"])
def test_but_here(place):
    script = Path(place, "script")
    script.write_text("#!/bin/sh\\n")
    script.chmod(0o755)
    if place != "/dev/shm":
        assert subprocess.run([script]).returncode == 0


def test_the_tree_stays_as_it_was_sent():
    tree = Path("/fixtrail/tree.tar")
    assert (tree.stat().st_uid, stat.S_IMODE(tree.stat().st_mode)) == (0, 0o444)
    with pytest.raises(OSError):
        tree.unlink()


def test_no_way_to_the_engine():
    assert not Path("/var/run/docker.sock").exists()


def test_limits():
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (4096, 4096)
    with open("/tmp/large", "wb") as large, pytest.raises(OSError):
        large.truncate(10**10)


def test_a_fork_bomb_runs_into_its_limit():
    children = []
    try:
        with pytest.raises(OSError):
            for _ in range(1000):
                children.append(subprocess.Popen(["sleep", "60"]))
        assert len(children) < 64
    finally:
        for child in children:
            child.kill()
            child.wait()


def test_a_surrounding_that_is_always_the_same():
    assert os.environ["TZ"] == "UTC"
    assert time.tzname == ("UTC", "UTC")
    again = subprocess.check_output([sys.executable, "-c", "print(hash('fixtrail'))"], text=True)
    assert int(again) == hash("fixtrail")
    assert (os.environ["LANG"], os.environ["HOME"], os.environ["CI"]) == ("C.UTF-8", "/tmp/home", "true")
    assert socket.gethostname() == "fixtrail"
    assert os.getcwd() == "/work"
    assert not Path("/work/.git").exists()
    assert os.read(0, 1) == b""
"""


async def test_inside_there_is_nothing_to_reach_and_little_to_break(tmp_path: Path) -> None:
    task = job(tmp_path, {"test_inside.py": INSIDE}, "pytest -q -p no:cacheprovider")

    receipt = await run_tests(task, QUICK.model_copy(update={"pids": 64}))

    wrong = [f"{case.name}: {case.message}" for case in receipt.cases or [] if case.outcome != "passed"]
    assert wrong == [], receipt.output
    assert receipt.verdict == "passed"
    assert receipt.passed == 22


async def test_limits_are_read_back_from_the_engine(tmp_path: Path) -> None:
    settings = QUICK.model_copy(
        update={"memory_bytes": 200 * 1024**2, "cpus": 0.5, "pids": 77, "timeout_seconds": 50.0}
    )

    receipt = await run_tests(job(tmp_path, {"test_it.py": "def test_it():\n    pass\n"}), settings)

    asked, enforced = receipt.limits, receipt.limits_enforced
    assert asked is not None
    assert (asked.memory_bytes, asked.cpus, asked.pids, asked.timeout_seconds) == (200 * 1024**2, 0.5, 77, 50.0)
    assert (asked.network, asked.read_only_root, asked.user) == ("none", True, "61000:61000")
    assert (asked.capabilities_dropped, asked.no_new_privileges) == (["ALL"], True)
    assert (asked.runtime, asked.seccomp) == (None, "default")
    assert enforced is not None
    assert enforced.runtime, "the engine says which of its runtimes it took"
    assert enforced == asked.model_copy(update={"runtime": enforced.runtime})


async def test_more_processors_than_the_machine_has_is_no_error(tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"cpus": 4096.0})

    receipt = await run_tests(job(tmp_path, {"test_it.py": "def test_it():\n    pass\n"}), settings)

    assert receipt.verdict == "passed"


async def test_the_memory_limit_holds_for_files_too(tmp_path: Path) -> None:
    code = """
        def test_fills():
            with open("/dev/shm/a", "wb") as a, open("/tmp/b", "wb") as b, open("/work/c", "wb") as c:
                for each in (a, b, c):
                    each.write(b"x" * 60 * 1024**2)
    """

    receipt = await run_tests(
        job(tmp_path, {"test_it.py": textwrap.dedent(code)}), QUICK.model_copy(update={"memory_bytes": 128 * 1024**2})
    )

    assert receipt.verdict == "oom"
