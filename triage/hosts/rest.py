"""What the REST hosts share: one call, pages, and which of the listed issues are ours or new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Unpack
from urllib.parse import parse_qsl, quote, urlsplit

from triage.domain.drafts import Draft
from triage.errors import InvalidError, OutsideError
from triage.hosts import Connection, HostIssue, HostRelease
from triage.hosts.kept import Answer
from triage.hosts.labels import names
from triage.hosts.payload import flag, items, loads, part, text_or_empty
from triage.hosts.refusals import MOVED, refusal
from triage.http import Http, Parts

SKEW = timedelta(hours=1)  # how far the host's clock and ours may be apart
PAGES = 10_000  # a list that goes on for longer is a host gone mad
SECRET_LENGTH = 8  # a shorter one is no secret, and striking it out would garble words


class Api:
    """One host's REST interface: `base` is the address that paths are added to, `headers` go with every request.

    The secrets of `connection` never show in an error.
    """

    def __init__(self, http: Http, base: str, headers: Mapping[str, str], connection: Connection) -> None:
        self.base = base
        self.name = urlsplit(base).netloc.rpartition("@")[2]
        self._http = http
        self._headers = {"Accept": "application/json", **headers}
        secrets = connection.token, connection.secret
        self._secrets = tuple(secret for secret in secrets if len(secret) >= SECRET_LENGTH)
        self._kept = connection.kept

    def call(self, method: str, path: str, **parts: Unpack[Parts]) -> Any:
        """Send once and return the JSON that came, None where the answer is empty. Raises OutsideError."""
        return self._exchange(method, path, parts)[0]

    def tried(self, method: str, path: str, **parts: Unpack[Parts]) -> tuple[Any, OutsideError | None]:
        """Return what `call` does, and the host's refusal where it is for good. Raises OutsideError for all else."""
        try:
            return self.call(method, path, **parts), None
        except OutsideError as err:
            if not (err.permanent and err.status):
                raise
            return None, err

    def pages(self, path: str, params: Mapping[str, Any], key: Callable[[Any], Any]) -> Iterator[Any]:
        """Yield the items of a paged list, each `key` once, page by page until one brings nothing new.

        Not by Link or totals: old Gitea has neither right. An item that slid to the next page comes once only.
        """
        seen: set[Any] = set()
        for page in range(1, PAGES + 1):
            fresh = self._fresh(self.call("GET", path, params={**params, "page": page}), key, seen)
            if not fresh:
                return
            yield from fresh

    def linked(self, path: str, params: Mapping[str, Any], key: Callable[[Any], Any]) -> Iterator[Any]:
        """Yield the items of a list whose next page a Link header names; of that only the query is followed."""
        seen: set[Any] = set()
        for _ in range(PAGES):
            found, links = self._exchange("GET", path, {"params": params})
            yield from self._fresh(found, key, seen)
            if "next" not in links:
                return
            params = dict(parse_qsl(urlsplit(links["next"]).query))

    def listed(self, path: str) -> list[Any]:
        """Return a list that comes whole."""
        with self.reading():
            return items({"list": self.call("GET", path)}, "list")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn an answer of the wrong shape (a proxy's page, an unknown version) into an OutsideError that may pass."""
        try:
            yield
        except InvalidError as err:
            said = f"{self.name} gave an answer that makes no sense: {err}"
            raise OutsideError(said, code="nonsense") from None

    def _fresh(self, found: Any, key: Callable[[Any], Any], seen: set[Any]) -> list[Any]:
        with self.reading():
            fresh = [item for item in items({"list": found}, "list") if key(item) not in seen]
            seen.update(map(key, fresh))
        return fresh

    def _exchange(self, method: str, path: str, parts: Parts) -> tuple[Any, dict[str, str]]:
        # A GET whose answer had an ETag is asked for conditionally the next time; hosts don't count a 304
        name = (self.base + path, *sorted({**parts.get("params", {}), **self._headers}.items()))
        kept = self._kept.find(name) if method == "GET" else None
        parts["headers"] = {**self._headers, **({"If-None-Match": kept.tag} if kept else {})}
        answer = self._http.request(method, self.base + path, **parts)
        if kept and answer.status_code == HTTPStatus.NOT_MODIFIED:
            return self._read(kept.body), kept.links
        if not answer.ok or answer.status_code in MOVED:
            raise refusal(self.name, answer, self._secrets)
        found = self._read(answer.content)
        links = {rel: link["url"] for rel, link in answer.links.items() if "url" in link}
        if method == "GET" and answer.headers.get("ETag"):
            self._kept.keep(name, Answer(answer.headers["ETag"], answer.content, links))
        return found, links

    def _read(self, body: bytes) -> Any:
        if not body.strip():
            return None
        with self.reading():
            return loads(body)


def segment(value: str) -> str:
    """Return `value` as one segment of a path; one that would climb out of it is kept from that."""
    return quote(value, safe="").replace(".", "%2E") if value in (".", "..") else quote(value, safe="")


def stamp(since: datetime) -> str:
    """Return `since` in whole seconds UTC with a Z: a plus sign in a zone would have to be escaped."""
    return since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ours(issues: Iterable[HostIssue], us: str, since: datetime | None) -> Iterator[HostIssue]:
    """Yield `us`'s issues (everyone's if that is "") of a list from new to old, down to an hour before `since`."""
    for issue in issues:
        if since and issue.created_at < since - SKEW:
            return
        if not us or issue.author.casefold() == us.casefold():
            yield issue


def changed(issues: Iterable[HostIssue], since: datetime | None, *, newest_first: bool = False) -> Iterator[HostIssue]:
    """Yield those of `issues` that changed since `since`, for hosts that ignore what they are asked.

    Where the last changed come first, the first older one ends it.
    """
    for issue in issues:
        if not since or issue.updated_at >= since.replace(microsecond=0):
            yield issue
        elif newest_first:
            return


def released(found: Any, milestone: str, *link: str) -> HostRelease | None:
    """Return the release of a list (anything else holds none) that is called `milestone`, "v1.2" or "1.2" alike.

    `link` is the path to a release's web address.
    """
    for one in found if isinstance(found, list) else []:
        called = {_bare(text_or_empty(one, key)) for key in ("tag_name", "name")}
        called |= {_bare(title) for title in names(part(one, "milestones"), "title")}
        if _bare(milestone) in called and not flag(one, "draft"):
            url = text_or_empty(one, *link)
            name = text_or_empty(one, "name") or text_or_empty(one, "tag_name")
            return HostRelease(name[:200], url if url.startswith(("https://", "http://")) else "")
    return None


def _bare(name: str) -> str:
    return name.strip().casefold().removeprefix("v")


def refuse_confidential(draft: Draft, name: str) -> None:
    """Raise OutsideError for a confidential draft, where whoever sees the repository sees every issue."""
    if draft.confidential:
        said = f"{name} has no confidential issues; nothing was sent"
        raise OutsideError(said, permanent=True, code="no_confidential")
