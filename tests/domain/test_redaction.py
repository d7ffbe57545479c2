import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain.redaction import Span, redact, rules_found, spans

SECRETS = {
    "key": [
        "sk-abcdefghijklmnop1234",
        "ghp_abcdefghijklmnop1234",
        "AKIAABCDEFGHIJKLMNOP",
        "LTAI5tABCDEFGHIJKLMNOPQR",
        "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF",
        "hf_abcdefghijklmnopqrst",
    ],
    "mail": ["li.wei+x@example.com", "a@b.cn"],
    "identity number": ["11010519491231002X", "53010219200508011x"],
    "bank card": ["4111 1111 1111 1111", "6222020200112345679"],
    "phone": ["13800138000", "+86 138 0013 8000", "86-139-1234-5678"],
    "address": ["192.168.1.20", "10.0.0.1"],
    "private key": ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"],
}
PLANTED = [(rule, secret) for rule, secrets in SECRETS.items() for secret in secrets]
# Chinese is written up against what it names, without a blank
around = st.text("我的账号是在，。“”（） \n打不开", max_size=20)


@pytest.mark.parametrize(("rule", "secret"), PLANTED)
@given(before=around, after=around)
def test_a_secret_is_found_in_the_middle_of_chinese(rule, secret, before, after):
    clean = redact(before + secret + after)
    assert clean == f"{before}⟨{rule}⟩{after}"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("password: hunter22, ok", "password: ⟨password⟩, ok"),
        ('{"api_key": "abcd1234"}', '{"api_key": "⟨password⟩"}'),
        ("密码是abc123。", "密码是⟨password⟩。"),
        ("密码abc123登录", "密码⟨password⟩登录"),
        ("令牌：abcd1234", "令牌：⟨password⟩"),
        ("https://li:pw@git.example.com/x", "https://li:⟨mail⟩/x"),
        ("https://li:secret@gitea:3000/x", "https://li:⟨password⟩@gitea:3000/x"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer ⟨key⟩"),
        ("微信号: li_wei88", "微信号: ⟨chat account⟩"),
        ("加我微信liwei88吧", "加我微信⟨chat account⟩吧"),
        ("/home/liwei/train.py", "/home/⟨home folder⟩/train.py"),
        (r"C:\Users\李伟\x", r"C:\Users\⟨home folder⟩\x"),
        ("mail a@b.cn and a@b.cn", "mail ⟨mail⟩ and ⟨mail⟩"),
    ],
)
def test_only_the_secret_itself_is_hidden(text, clean):
    assert redact(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "密码是正确的但是登录不了",
        "密码错误，微信扫码登录失败",
        "AVX: enabled, torch 2.1.0, 8.8.8.8",
        "the bearer understands everything",
        "order 4111 1111 1111 1112",
        "号码 110105194912310021 不对",
        "step 123456789012 of 2026-03-02",
        "the task-abcdefghijklmnopqrst is done",
        "4444 4444 4444 4444 4",
        "no secrets here: 100 %",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_the_longer_of_two_that_overlap_wins():
    finders = [lambda _: [Span(2, 4, "short"), Span(2, 6, "long"), Span(5, 8, "late"), Span(9, 9, "empty")]]
    assert spans("0123456789", finders) == [Span(2, 8, "long")]


def test_one_inside_another_changes_nothing():
    assert redact("0123456789", [lambda _: [Span(1, 8, "outer"), Span(3, 4, "inner")]]) == "0⟨outer⟩89"


def test_a_sender_is_warned_by_rule_and_never_by_the_match():
    assert rules_found("a@b.cn, 13800138000, c@d.cn") == ("mail", "phone")


@given(st.lists(st.sampled_from([secret for _, secret in PLANTED]) | st.text("是x，:\n", max_size=6)).map(" ".join))
def test_among_other_secrets_each_one_is_gone(text):
    clean = redact(text)
    assert not [secret for _, secret in PLANTED if secret in clean]


@given(st.text(), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_spans_are_in_order_and_apart(text, pairs):
    found = spans(text, [lambda _: [Span(start, end, "x") for start, end in pairs]])
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(span.start < span.end for span in found)


@pytest.mark.parametrize(
    "bit",
    ["a", "-eyJabcdefgh", "-----BEGIN PRIVATE KEY-----", "1", "12 34-56 ", "a@a.", "sk-", "密码:", "a.b+c-", "/home/"],
)
def test_hostile_text_costs_no_more_than_its_length(bit):
    start = time.perf_counter()
    redact(bit * (20_000 // len(bit)))
    assert time.perf_counter() - start < 2
