"""`triage serve --with-worker` as a process of its own: one address, one Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from triage import cli
from triage.config import load


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def environ(tmp_path, port):
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")}
    own |= {"TRIAGE_INSTANCE": str(tmp_path), "TRIAGE_PORT": str(port), "TRIAGE_SECRET_KEY": "a key for tests"}
    assert CliRunner().invoke(cli.main, ["setup"], env=own).exit_code == 0
    return own


@contextmanager
def running(environ):
    """Start it as a terminal does: in a process group of its own, which Ctrl-C reaches as a whole."""
    words = [sys.executable, "-m", "triage", "serve", "--with-worker"]
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    started = subprocess.Popen(words, env=environ, start_new_session=True, **out)
    try:
        wait_for(load(environ).port)
        yield started
    finally:
        started.kill()
        started.wait()
        started.stdout.close()


def wait_for(port):
    for _ in range(200):
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return answer.status
        except OSError:
            time.sleep(0.1)
    raise AssertionError("it does not answer")


def group_of(process):
    """The command lines of the processes that Ctrl-C in this terminal reaches."""
    listed = subprocess.run(["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(process.pid)]


def test_ctrl_c_reaches_one_process_which_stops_the_others_quietly(environ):
    with running(environ) as started:
        assert len(group_of(started)) == 1  # a second signal on the way down made the web server hang now and then
        os.killpg(started.pid, signal.SIGINT)
        said, _ = started.communicate(timeout=30)
    assert started.returncode == 0
    assert said.decode().splitlines() == [f"Triage is at {load(environ).base_url}  (Ctrl-C stops it)"]


def test_a_port_that_is_taken_is_one_line_and_not_half_of_the_requests(environ, port):
    with socket.create_server(("127.0.0.1", port), reuse_port=True):
        found = CliRunner().invoke(cli.main, ["serve"], env=environ)
    assert found.exit_code == 2
    assert found.output.splitlines() == [
        f"triage: 127.0.0.1:{port} can't be listened on (Address already in use); perhaps Triage runs already. "
        "TRIAGE_PORT names another port"
    ]


def test_a_bind_address_of_another_machine_is_one_line(environ):
    found = CliRunner().invoke(cli.main, ["serve"], env=environ | {"TRIAGE_BIND": "192.0.2.1"})
    assert (found.exit_code, found.output.count("\n")) == (2, 1)


def test_a_name_that_nobody_knows_is_one_line(environ):
    found = CliRunner().invoke(cli.main, ["serve"], env=environ | {"TRIAGE_BIND": "nowhere.invalid"})
    assert (found.exit_code, found.output.count("\n")) == (2, 1)
