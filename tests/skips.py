"""What was skipped is said aloud; with TRIAGE_TEST_REQUIRE=all it is a failure."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

OPTIONAL = "optional:"


def _strict(reason: str) -> bool:
    return os.environ.get("TRIAGE_TEST_REQUIRE") == "all" and not reason.startswith(OPTIONAL)


def _reason(report: Any) -> str:
    found = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(found).removeprefix("Skipped: ")


def _failed(report: Any) -> None:
    """Turn a skip into a failure."""
    if report.skipped and not hasattr(report, "wasxfail") and _strict(reason := _reason(report)):
        report.outcome, report.longrepr = "failed", f"TRIAGE_TEST_REQUIRE=all, but skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    _failed(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report = yield
    _failed(report)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly what was not tried, and how to have it tried."""
    skipped = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    for reason, times in skipped.most_common():
        terminalreporter.write_line(f"NOT TESTED, {times} times: {reason}", yellow=True, bold=True)
