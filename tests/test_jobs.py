import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from huey import crontab

from triage.errors import SettingError
from triage.jobs import Jobs


@pytest.fixture
def done(jobs):
    """What the jobs `note` and `other` were asked to do, in order."""
    seen = []
    jobs.handlers = {"note": seen.append, "broken": _break}
    return seen


def _break(row):
    raise ZeroDivisionError


def test_jobs_run_in_the_order_they_came(jobs, done):
    for row in (1, 2, 3):
        jobs.put("note", row)
    assert (jobs.pending(), done) == (3, [])
    assert (jobs.drain(), done, jobs.pending()) == (3, [1, 2, 3], 0)


def test_draining_has_an_end(jobs, done):
    for row in range(3):
        jobs.put("note", row)
    assert (jobs.drain(2), done) == (2, [0, 1])


def test_a_job_for_later_waits_for_its_time(jobs, done):
    jobs.put("note", 1, delay=3_600)
    jobs.drain()
    (task,) = jobs.huey.scheduled()
    wait = task.eta - datetime.now(UTC).replace(tzinfo=None)
    assert (done, timedelta(minutes=59) < wait < timedelta(minutes=61)) == ([], True)


def test_a_job_for_later_runs_when_its_time_has_come(jobs, done):
    jobs.put("note", 1, delay=3_600)
    jobs.drain()
    (task,) = jobs.huey.storage.read_schedule(datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=2))
    jobs.huey.execute(jobs.huey.deserialize_task(task), datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=2))
    assert done == [1]


def test_only_what_is_meant_for_it_goes_into_a_message(jobs):
    with pytest.raises(TypeError, match="object"):
        jobs.put("note", object())


def test_a_job_that_nobody_knows_is_dropped(jobs, done):
    jobs.put("nonsense", 1)
    assert (jobs.drain(), done) == (1, [])


def test_a_job_that_breaks_does_not_stop_the_others(jobs, done, caplog):
    jobs.put("broken")
    jobs.put("note", 2)
    assert (jobs.drain(), done) == (2, [2])
    assert "ZeroDivisionError" in caplog.text


def test_messages_are_plain_json(jobs):
    jobs.put("note", 7)
    (message,) = jobs.huey.storage.enqueued_items()
    assert ["note", 7] in json.loads(message)[-5:] or ["note", 7] in json.loads(message)


def test_what_was_not_written_by_us_runs_nothing(jobs, done):
    jobs.huey.storage.enqueue(b'cos\nsystem\n(S"false"\ntR.')
    with pytest.raises(ValueError, match="Expecting value"):
        jobs.drain()
    assert done == []


def test_what_is_due_by_the_clock_runs(jobs, done):
    jobs.every(crontab(minute="*"), "note")
    (task,) = jobs.huey._registry.periodic_tasks
    jobs.huey.execute(task)
    assert done == [0]


def test_a_queue_survives_its_process(tmp_path):
    first, second = Jobs("", tmp_path), Jobs("", tmp_path)
    first.put("note", 7)
    assert second.pending() == 1
    for one in (first, second):
        one.huey.storage.close()


@pytest.mark.redis
def test_two_installations_on_one_redis_keep_apart(redis_url, tmp_path):
    one, other = (Jobs(redis_url, tmp_path, name=f"triage-test-{uuid4()}") for _ in range(2))
    one.put("note", 7)
    assert (one.pending(), other.pending()) == (1, 0)
    one.huey.flush()


def test_workers_share_the_work(jobs, done):
    for row in range(30):
        jobs.put("note", row)
    threads = [threading.Thread(target=jobs.drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(30))


def test_a_queue_that_is_away_keeps_nobody_waiting(tmp_path):
    jobs = Jobs("redis://127.0.0.1:1/0", tmp_path)
    jobs.put("note", 7)
    jobs.put("note", 7, delay=5)


def test_a_driver_that_is_not_installed_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingError, match=r"redis, of triage\[redis\]"):
        Jobs("redis://127.0.0.1:1/0", tmp_path)


def test_a_queue_that_cannot_be_opened_says_so_in_a_line(tmp_path):
    (tmp_path / "jobs.db").mkdir()
    with pytest.raises(SettingError, match=r"jobs\.db can't be opened or written"):
        Jobs("", tmp_path)
