"""What is logged: one shape for all, and nobody's address in it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SAYS = """
import logging, structlog
from triage import logs
logs.set_up("INFO", {form!r})
structlog.get_logger().info("ours", token="abc")
logging.getLogger("library").warning("theirs %s", 1)
logging.getLogger("flask-limiter").info("ratelimit exceeded (198.51.100.7)")
for _ in range(3):
    logging.getLogger("huey.consumer.Worker").error("the disk is full")
for number in range(1_500):
    logging.getLogger("huey").error("job %s stumbled", number)
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("library").exception("broken")
"""


def said(form: str) -> list[str]:
    words = [sys.executable, "-c", SAYS.format(form=form)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stderr.splitlines()


def test_as_json_every_line_is_json_whoever_said_it():
    ours, theirs, *_, broken = map(json.loads, said("json"))
    assert (ours["event"], ours["token"], ours["level"]) == ("ours", "***", "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("theirs 1", "library", "warning")
    assert "ZeroDivisionError" in broken["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_said_again_and_again_is_written_once_a_minute(form: str):
    assert sum("the disk is full" in line for line in said(form)) == 1


def test_what_befell_another_job_is_another_thing():
    assert sum(" stumbled" in line for line in said("text")) == 1_500


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_address_of_who_was_too_quick_is_in_no_log(form: str):
    assert "198.51.100.7" not in "".join(said(form))
