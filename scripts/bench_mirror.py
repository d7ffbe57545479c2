"""Mirror 10,000 issues from the fake host over HTTP: time and memory of the process that mirrors.

Prints seconds until they are stored and until their words are in the candidate index, and the peak memory: of
`triage host sync`, or of a worker (`--worker`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHINESE = "训练任务 昇腾 镜像 拉取 失败 数据集 上传 显存 不足 调试 任务 挂起 日志 节点 排队 超时 模型 下载 积分 发布"
ENGLISH = "notebook CUDA timeout RPC failed dataset upload checkpoint epoch NPU GPU login page error crash slow token"
WORDS = f"{CHINESE} {ENGLISH}".split()


def host(flavour: str, count: int, address: Any, stop: Any) -> None:
    """Run a fake host with `count` issues, in a process of its own; put its address into the queue."""
    from tests.fakes.githost import GitHost, flavours  # not in the process that is measured

    chance = random.Random(1)  # noqa: S311
    with GitHost(flavour) as made:
        for number in range(count):
            body = "\n".join(" ".join(chance.choices(WORDS, k=12)) for _ in range(6))
            made.repository.open(f"{number} {' '.join(chance.choices(WORDS, k=5))}", body, by=f"user{number % 97}")
        address.put((made.url, flavours()[flavour].FLAVOURS[flavour].kind))
        stop.wait()


def prepare(folder: Path) -> None:
    """Make the database, in a process of its own: migrating is done long before anything is mirrored."""
    from triage.db.engine import Database

    Database(f"sqlite:///{folder / 'triage.db'}").upgrade()


def peak() -> float:
    """Return the most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def installed(url: str, kind: str, folder: Path) -> tuple[Any, Any]:
    """Return a new installation in `folder` and its one project, whose host is at `url`."""
    from triage.config import Settings
    from triage.db.tables import Project
    from triage.services.site import open_site

    settings = Settings(instance=folder, secret_key="bench", allowed_hosts=("127.0.0.1",))  # noqa: S106
    site = open_site(settings)
    with site.db.write() as session:
        now = datetime.now(UTC)
        row = Project(slug="p", name="P", host=kind, host_url=url, host_repo="team/product", created_at=now)
        session.add(row)
    return site, row


def mirrored(url: str, kind: str, folder: Path) -> dict[str, float]:
    """Mirror everything at `url` into a new installation in `folder`, and return what was measured."""
    from triage.db.tables import Issue
    from triage.services import followup, mirror

    site, row = installed(url, kind, folder)
    git = site.host(row)
    began = time.perf_counter()
    followup.poll(site.db, row.id, host=git, now=site.now())
    pulled = time.perf_counter() - began
    memory = peak()
    mirror.read(site.db, site.comparing.duplicates, now=site.now)
    read, cutting = time.perf_counter() - began, peak()
    site.comparing.segmenter.rest()
    with site.db.read() as session:
        site.follower.catch_up(session)
        count = session.query(Issue).count()
    whole = time.perf_counter() - began
    found = {"issues": count, "found": site.index.count, "pull_s": pulled, "pull_mb": memory}
    return found | {"read_s": read, "read_mb": cutting, "all_s": whole, "all_mb": peak()}


def by_a_worker(url: str, kind: str, folder: Path) -> dict[str, float]:
    """Mirror everything as a worker does that has analysed feedback before, so that it holds all models."""
    from triage.db.tables import Issue
    from triage.domain.feedback import Submission
    from triage.services import intake
    from triage.services.worker import handlers

    site, row = installed(url, kind, folder)
    site.index.claim()
    jobs = handlers(site)
    with site.db.write() as session:
        received = intake.receive(session, row, Submission(" ".join(WORDS)), now=site.now())
    jobs["analyse"](received.feedback_id)
    idle, began = peak(), time.perf_counter()
    jobs["poll"](row.id)
    pulled, memory = time.perf_counter() - began, peak()
    jobs["read_issues"](0)
    whole = time.perf_counter() - began
    with site.db.read() as session:
        count = session.query(Issue).count()
    found = {"issues": count, "found": site.index.count, "idle_mb": idle, "pull_s": pulled, "pull_mb": memory}
    return found | {"all_s": whole, "all_mb": peak()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--flavour", default="gitea-1.22")
    parser.add_argument("--worker", action="store_true", help="by the worker's jobs, after it has analysed something")
    given = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    address, stop = spawn.Queue(), spawn.Event()
    server = spawn.Process(target=host, args=(given.flavour, given.count, address, stop))
    server.start()
    url, kind = address.get()
    with tempfile.TemporaryDirectory() as folder:
        made = spawn.Process(target=prepare, args=(Path(folder),))
        made.start()
        made.join()
        found = (by_a_worker if given.worker else mirrored)(url, kind, Path(folder))
    stop.set()
    server.join()
    print(f"{given.flavour}: {found['issues']:.0f} issues stored in {found['pull_s']:.1f} s, {found['pull_mb']:.0f} MB")
    if given.worker:
        print(f"the worker, which holds all models, had {found['idle_mb']:.0f} MB before")
    else:
        print(f"their words cut after {found['read_s']:.1f} s, {found['read_mb']:.0f} MB")
    print(f"{found['found']:.0f} of them in the index after {found['all_s']:.1f} s, {found['all_mb']:.0f} MB at most")


if __name__ == "__main__":
    main()
