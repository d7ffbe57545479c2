"""Recorded messages of channels: a file each, with its secret and its time, so that its signature holds for ever."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from triage.channels import Channel, kinds
from triage.domain.feedback import Submission

FOLDER = Path(__file__).parents[1] / "payloads"


@dataclass(frozen=True)
class Recorded:
    channel: str
    name: str
    secret: str
    at: datetime
    headers: dict[str, str]
    body: bytes
    expected: dict[str, Any] | None

    def open(self, secret: str | None = None) -> Channel:
        return kinds()[self.channel](self.secret if secret is None else secret)

    def submission(self) -> Submission:
        fields = dict(self.expected or {})
        if "said_at" in fields:
            fields["said_at"] = datetime.fromisoformat(fields["said_at"])
        return Submission(**fields)


def recorded(channel: str) -> list[Recorded]:
    names = [path.stem for path in sorted((FOLDER / channel).glob("*.json")) if not path.stem.endswith(".expected")]
    return [_read(channel, name) for name in names]


def _read(channel: str, name: str) -> Recorded:
    found = json.loads((FOLDER / channel / f"{name}.json").read_text("utf-8"))
    beside = FOLDER / channel / f"{name}.expected.json"
    return Recorded(
        channel=channel,
        name=name,
        secret=found["secret"],
        at=datetime.fromisoformat(found["at"]),
        headers=found["headers"],
        body=base64.b64decode(found["body_base64"]) if "body_base64" in found else found["body"].encode(),
        expected=json.loads(beside.read_text("utf-8")) if beside.exists() else None,
    )
