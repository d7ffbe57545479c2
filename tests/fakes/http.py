"""An HTTP client that goes nowhere."""

from __future__ import annotations

from typing import Unpack

import requests

from triage.http import Parts


class Refusing:
    """An Http: every call is an error of the test that makes it."""

    def request(self, method: str, url: str, **parts: Unpack[Parts]) -> requests.Response:
        raise AssertionError(f"a test called out: {method} {url}")
