"""The application as a whole: behind a proxy, behind https, from the environment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask, request

from triage.app import create_app, from_environment
from triage.services.site import Site


def seen(site: Site, **headers: str) -> tuple[str | None, bool]:
    """Return the address and the security that a view sees for a request with these headers."""
    app = create_app(site)
    with app.test_client() as client:
        client.get("/healthz", headers=headers)
        return request.remote_addr, request.is_secure


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "192.0.2.7"), (2, "192.0.2.6")])
def test_only_our_own_proxies_are_believed(site: Site, proxies: int, address: str):
    site.settings = replace(site.settings, trusted_proxies=proxies)
    forwarded = {"X-Forwarded-For": "192.0.2.5, 192.0.2.6, 192.0.2.7", "X-Forwarded-Proto": "https, https"}
    assert seen(site, **forwarded) == (address, proxies > 0)


def cookie(app: Flask, base: str) -> str:
    return app.test_client().get("/sign-in", base_url=base).headers["Set-Cookie"]


def test_over_https_cookies_and_headers_insist_on_it(site: Site):
    site.settings = replace(site.settings, base_url="https://triage.test")
    app = create_app(site)
    assert "Secure" in cookie(app, "https://triage.test")
    assert "Strict-Transport-Security" in app.test_client().get("/", base_url="https://triage.test").headers


def test_over_http_they_do_not(site: Site):
    assert "Secure" not in cookie(create_app(site), "http://triage.test")


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(site: Site):
    found = cookie(create_app(site), "http://triage.test")
    assert "HttpOnly" in found
    assert "SameSite=Lax" in found


def test_from_the_environment(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRIAGE_INSTANCE", str(site.settings.instance))
    monkeypatch.setenv("TRIAGE_DATABASE_URL", site.settings.database_url)
    app = from_environment()
    assert app.test_client().get("/healthz").json["ok"] is True
    app.extensions["triage"].db.close()
    app.extensions["triage"].jobs.huey.storage.close()


def test_only_the_api_is_described(site: Site):
    paths = create_app(site).test_client().get("/api/openapi.json").json["paths"]
    assert paths
    assert all(path.startswith("/api/") for path in paths)
