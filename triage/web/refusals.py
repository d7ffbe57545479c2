"""What services say in English (a refusal, above all), in the reader's language: each is known here by its words."""

from __future__ import annotations

import re

from flask_babel import gettext


def _(sentence: str) -> str:
    """Mark a sentence for the translators; it is translated when it is shown."""
    return sentence


# by the code of the OutsideError, each as triage.http, triage.hosts and triage.domain.verdicts write it
SENTENCES = {
    "token_wrong": _("%(host)s says that the token is wrong or has expired"),
    "token_lacks": _("%(host)s says that the token lacks %(scopes)s"),
    "forbidden": _("%(host)s says that the token's account may not do this"),
    "not_found": _("%(host)s has no such repository or issue, or the token may not see it"),
    "not_taken": _("%(host)s did not take what was sent"),
    "wrong_host": _("%(host)s doesn't know this call; is it the right kind of host?"),
    "gone": _("%(host)s says that it is gone, or that issues are switched off"),
    "too_large": _("%(host)s finds it too large"),
    "archived": _("%(host)s says that the repository is archived"),
    "moved": _("%(host)s says that it has moved to %(place)s"),
    "moved_project": _("%(host)s says that issue %(number)s has moved to another project"),
    "refused": _("%(host)s refused"),
    "server_error": _("%(host)s had an error of its own"),
    "rate_limited": _("%(host)s asks us to wait %(seconds)s seconds"),
    "file_kind": _("%(host)s does not take files of this kind"),
    "no_confidential": _("%(host)s has no confidential issues; nothing was sent"),
    "nonsense": _("%(host)s gave an answer that makes no sense: %(why)s"),
    "unreadable": _("%(host)s gave an answer that can't be read"),
    "unreachable": _("%(host)s can't be reached, or closed the connection"),
    "timeout": _("%(host)s did not answer in time"),
    "certificate": _("%(host)s has a certificate that is not trusted"),
    "flood": _("%(host)s sent more than %(size)s MB"),
    "slow": _("%(host)s took more than %(seconds)s seconds to answer"),
    "inner": _("%(host)s is inside the network; the operator has to allow it"),
    "address": _("“%(host)s” is no address of a web server"),
    "no_address": _("no address of a web server is set (host_url)"),
    "unwritable": _("the request to %(host)s can't be written"),
    "no_issue": _("there is no issue %(number)s on the console host"),
    "no_place": _("the console host can't use %(path)s: %(why)s"),
    "damaged": _("%(path)s is damaged; move it away to start anew"),
    "nothing_public": _("nothing in this topic may be made public, so it is not filed"),
    "sealed": _("a stored secret can't be opened: TRIAGE_SECRET_KEY is not the one it was stored with"),
}
SENTENCES |= {  # what `check` misses
    "no_scope_user": _("the token lacks %(scope)s; without it name our account in the connection"),
    "no_user": _("the token has no user; name our account in the connection"),
    "issues_off": _("issues are switched off in the repository"),
    "project_issues_off": _("issues are switched off in the project"),
    "is_archived": _("the repository is archived"),
    "project_is_archived": _("the project is archived"),
    "no_labels": _("the account has no write access to the repository: its labels would be dropped silently"),
    "no_push": _("the account has no write access to the repository: it may not make labels or close issues"),
    "no_planner": _("the account is neither Planner nor Reporter of the project: its labels would be dropped silently"),
    "no_writing": _("the token can't write issues"),
    "no_scope": _("the token lacks the scope “%(scope)s”"),
}
SENTENCES |= {  # what a gate holds back, and what is written down beside issues and deliveries
    "filing_off": _("filing is switched off for the whole site"),
    "project_filing_off": _("filing is switched off for this project"),
    "never": _("issue %(number)s is marked never to be filed again"),
    "match": _("issue %(number)s is open and may be this already: link it, or file all the same"),
    "fresh": _("issue %(number)s was closed only just: the fix may not have reached people yet"),
    "cap": _("%(count)s were filed in the last day, and no more than that may be"),
    "dry": _("dry run: it would be filed now"),
    "torn": _("the markers of the evidence are gone from the issue, so it is not kept up to date any more"),
    "opened": _(
        "everybody can read the issue now, and what it is about is private: it is not kept up to date any more"
    ),
    "circle": _("issue %(number)s is a duplicate in a circle, or of one that can't be read"),
    "unlisted": _("the host doesn't list it any more: it was deleted or moved, or became one that only members see"),
    "left": _("it stands where the project was before, and is not followed there any more"),
    "read_again": _("issue %(number)s was read again"),
}
SENTENCES |= {  # which comments reporters read
    "told_public": _(
        "everybody can read the repository, so reporters read the comments by the team, "
        "of confidential issues and internal notes only those that are marked for them"
    ),
    "told_private": _(
        "it is not known that everybody can read the repository, so reporters read only those comments by the team "
        "that are marked for them"
    ),
    "told_all": _(
        "reporters read all comments by the team, "
        "of confidential issues and internal notes only those that are marked for them"
    ),
    "told_marked": _("reporters read those comments by the team that are marked for them"),
    "told_none": _("reporters read no comments by the team"),
}
SENTENCES |= {  # what is wrong with a dictionary
    "word": _("“%(word)s” is no word of 2 to %(most)s characters"),
    "words": _("these are more than %(most)s words"),
}
_TAIL = r"(?: \((?P<detail>\d{3}(?:: .*)?)\))?"  # the status and, in its own words, what the host said


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", sentence)
    body = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(body + _TAIL, re.DOTALL)


_PATTERNS = {code: _pattern(sentence) for code, sentence in SENTENCES.items()}


def known(stored: str) -> tuple[str, dict[str, str]]:
    """Return the code of a stored error and what stands in its gaps; ("", {}) for a sentence that is not one of ours.

    Under "detail" stand the status and the host's own words, "" where there are none.
    """
    for code, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(stored):
            return code, {name: value or "" for name, value in found.groupdict().items()}
    return "", {}


def words(stored: str) -> str:
    """Return a stored error in the reader's language; one that is not known here as it is."""
    code, gaps = known(stored)
    if not code:
        return stored
    detail = gaps.pop("detail")
    sentence = gettext(SENTENCES[code], **gaps) if gaps else gettext(SENTENCES[code])
    return str(gettext("%(sentence)s (%(detail)s)", sentence=sentence, detail=detail) if detail else sentence)
