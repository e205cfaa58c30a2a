"""What C code prints while HiGHS runs must not end up in an answer on stdout."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, os, sys
from accelgen.exploration.highs import stdout_on_stderr
libc = ctypes.CDLL(None)
print("before")
with stdout_on_stderr():
    libc.puts(b"stray")
    os.write(1, b"direct\\n")
libc.puts(b"c after")
libc.fflush(None)
print("after")
"""


def run(script: str, redirect: str = "") -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", f'exec "$0" -c "$1" {redirect}', sys.executable, script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_what_c_code_prints_goes_to_stderr():
    done = run(SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "before\nc after\nafter\n"
    assert sorted(done.stderr.splitlines()) == ["direct", "stray"]


@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-"])
def test_it_works_without_stdout_or_stderr(redirect: str):
    script = SCRIPT.replace("libc.puts", "(lambda text: None)").replace("os.write", "(lambda *_: None)")
    done = run(script, redirect)
    assert done.returncode == 0
    assert done.stdout == ("before\nafter\n" if redirect == "2>&-" else "")


def test_it_works_where_pytest_captures(capfd):
    from accelgen.exploration.highs import stdout_on_stderr

    print("before")
    with stdout_on_stderr():
        subprocess.run(["echo", "stray"], check=True)
    with pytest.raises(KeyError), stdout_on_stderr():
        raise KeyError
    print("after")
    assert capfd.readouterr() == ("before\nafter\n", "stray\n")
