"""Finders of secrets and phone numbers that need more than the standard library, for triage.domain.redaction."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import phonenumbers
from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

from triage.domain.redaction import Finder, Span

# OpenAI's keys are known to triage.domain.redaction; the pattern there takes no quadratic time
_PLUGINS = (
    ArtifactoryDetector,
    AWSKeyDetector,
    AzureStorageKeyDetector,
    DiscordBotTokenDetector,
    MailchimpDetector,
    NpmDetector,
    PypiTokenDetector,
    SendGridDetector,
    SlackDetector,
    SquareOAuthDetector,
    StripeDetector,
    TelegramBotTokenDetector,
    TwilioKeyDetector,
)


_EDGES = ' \t\r\n=:"'  # some patterns take what stands before and after the key along


@cache
def _plugins() -> tuple[Any, ...]:
    return tuple(plugin() for plugin in _PLUGINS)


def keys(text: str) -> Iterator[Span]:
    """Yield the keys that detect-secrets knows by their shape."""
    found = {match.strip(_EDGES) for plugin in _plugins() for match in plugin.analyze_string(text)} - {""}
    for secret in found:
        start = text.find(secret)
        while start >= 0:
            yield Span(start, start + len(secret), "key")
            start = text.find(secret, start + len(secret))


def phones(text: str) -> Iterator[Span]:
    """Yield phone numbers that are valid in China, or anywhere where they are written with a country code."""
    for match in phonenumbers.PhoneNumberMatcher(text, "CN"):
        yield Span(match.start, match.end, "phone")


FINDERS: tuple[Finder, ...] = (keys, phones)
