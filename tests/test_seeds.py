"""The shipped seed examples, words and demo feedback: complete, clean, and no two alike."""

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from triage.domain.redaction import redact, rules_found
from triage.domain.text import normalise

MODELS = Path(__file__).parent.parent / "models"
FILES = ("seeds/feedback.jsonl", "seeds/spam.jsonl", "demo/feedback.jsonl", "probes/spam.jsonl", "probes/kinds.jsonl")
KINDS = ("bug", "feature", "question", "praise", "complaint", "other")
LANGUAGES = ("zh", "en")
ALIKE = 0.7  # shared pairs of characters, of all of both
HAN = re.compile("[\u4e00-\u9fff]")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (MODELS / name).read_text("utf-8").splitlines()]


def text_of(row: dict[str, Any]) -> str:
    return str(row["text"]) if "text" in row else f"{row['title']}\n{row['body']}".strip()


def words(name: str) -> list[str]:
    return (MODELS / "words" / name).read_text("utf-8").splitlines()


def pairs_of_characters(text: str) -> frozenset[str]:
    plain = re.sub(r"[\W_]+", "", normalise(text).lower()) or text
    return frozenset(plain[i : i + 2] for i in range(max(1, len(plain) - 1)))


def alike(first: frozenset[str], second: frozenset[str]) -> bool:
    # sizes first: most of the million pairs need no sets compared
    close = min(len(first), len(second)) > ALIKE * max(len(first), len(second))
    return close and len(first & second) > ALIKE * len(first | second)


def nearly_equal(texts: list[str]) -> list[tuple[str, str]]:
    grams = [(pairs_of_characters(text), text) for text in texts]
    return [(one[1], two[1]) for one, two in itertools.combinations(grams, 2) if alike(one[0], two[0])]


@pytest.fixture(scope="module")
def feedback() -> list[dict[str, Any]]:
    return rows("seeds/feedback.jsonl")


@pytest.fixture(scope="module")
def spam() -> list[dict[str, Any]]:
    return rows("seeds/spam.jsonl")


@pytest.mark.parametrize("name", FILES)
def test_each_file_ends_with_one_newline_and_has_no_byte_order_mark(name: str) -> None:
    content = (MODELS / name).read_text("utf-8")
    assert content.endswith("}\n")
    assert not content.startswith("\ufeff")
    assert "\ufffd" not in content.replace("“\ufffd\ufffd”", "")  # one bug is about just that


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_forty_examples_of_each_kind_and_language(feedback: list[dict[str, Any]], kind: str, language: str) -> None:
    assert sum(row["kind"] == kind and row["language"] == language for row in feedback) >= 40


def test_feedback_has_its_fields(feedback: list[dict[str, Any]]) -> None:
    assert {tuple(row) for row in feedback} == {("title", "body", "kind", "language", "component")}
    assert {row["kind"] for row in feedback} == set(KINDS)
    assert {row["language"] for row in feedback} == set(LANGUAGES)
    assert all(text_of(row) for row in feedback)


def test_each_component_has_examples_and_a_vocabulary(feedback: list[dict[str, Any]]) -> None:
    components = json.loads((MODELS / "words/components.json").read_text("utf-8"))
    assert {row["component"] for row in feedback} - {None} == set(components)
    for component in components.values():
        assert component["zh"]
        assert component["en"]
        assert len(component["words"]) == len(set(component["words"])) >= 5


def test_titles_are_short_and_half_of_them_missing(feedback: list[dict[str, Any]]) -> None:
    assert max(len(row["title"]) for row in feedback) <= 80
    assert 0.35 < sum(not row["title"] for row in feedback) / len(feedback) < 0.65


def test_chinese_is_chinese_and_english_has_none(feedback: list[dict[str, Any]], spam: list[dict[str, Any]]) -> None:
    english = [text_of(row) for row in (*feedback, *spam) if row["language"] == "en"]
    chinese = [text_of(row) for row in (*feedback, *spam) if row["language"] == "zh"]
    assert not [text for text in english if HAN.search(text)]
    assert sum(bool(HAN.search(text)) for text in chinese) / len(chinese) > 0.97


def test_spam_has_its_fields_and_both_sides(spam: list[dict[str, Any]]) -> None:
    assert {tuple(row) for row in spam} == {("text", "spam", "language")}
    sides = Counter((row["spam"], row["language"]) for row in spam)
    assert sides[1, "zh"] >= 110
    assert sides[1, "en"] >= 40
    assert sides[0, "zh"] + sides[0, "en"] >= 150


@pytest.mark.parametrize("name", FILES[:2])
def test_no_two_examples_are_alike(name: str) -> None:
    texts = [text_of(row) for row in rows(name)]
    assert len(set(texts)) == len(texts)
    assert nearly_equal(texts) == []


def test_alike_texts_would_be_found() -> None:
    assert nearly_equal(["镜像一直拉取失败", "镜像，一直拉取失败！", "排队太久"]) == [
        ("镜像一直拉取失败", "镜像，一直拉取失败！")
    ]


@pytest.mark.parametrize("name", ["spam", "kinds"])
def test_nothing_like_a_probe_is_a_seed(feedback: list[dict[str, Any]], spam: list[dict[str, Any]], name: str) -> None:
    texts = [[text_of(row) for row in part] for part in ((*feedback, *spam), rows(f"probes/{name}.jsonl"))]
    seeds, asked = ([(pairs_of_characters(text), text) for text in part] for part in texts)
    assert [one[1] for one in asked for two in seeds if alike(one[0], two[0])] == []


def test_the_probes_hold_what_their_readme_says() -> None:
    page = (MODELS / "probes/README.md").read_text("utf-8")
    for part in (rows("probes/spam.jsonl"), rows("probes/kinds.jsonl")):
        counts = Counter(row["language"] for row in part)
        assert f"{counts['zh']} Chinese and {counts['en']} English" in page
    assert {row["kind"] for row in rows("probes/kinds.jsonl")} == set(KINDS)


def test_no_feedback_is_also_spam(feedback: list[dict[str, Any]], spam: list[dict[str, Any]]) -> None:
    assert not {text_of(row) for row in feedback} & {row["text"] for row in spam}


@pytest.mark.parametrize("name", FILES)
def test_nobody_real_is_named(name: str) -> None:
    for text in map(text_of, rows(name)):
        assert not re.search(r"\w@\w+\.\w", text)
        digits = re.findall(r"(?<![\dx])\d{8,}(?!\d)", text)
        assert not [run for run in digits if "00000" not in run and run != "2147483647"], text
        assert not [link for link in re.findall(r"https?://([\w.-]+)", text) if not is_invented(link)], text


def is_invented(host: str) -> bool:
    return host.endswith(("example", "example.com")) or host in {"127.0.0.1", "git-lfs.github.com"}


def test_the_demo_tells_its_story() -> None:
    demo = rows("demo/feedback.jsonl")
    assert {tuple(row) for row in demo} == {("title", "body", "language", "said_days_ago", "reporter")}
    assert Counter(row["language"] for row in demo) == {"zh": 8, "en": 6}
    assert sum("context deadline exceeded" in row["body"] or "拉取镜像中" in row["body"] for row in demo) == 5
    assert all(row["said_days_ago"] >= 1 and row["reporter"] for row in demo)


def test_the_demo_holds_one_made_up_secret_that_is_redacted() -> None:
    found = [row["body"] for row in rows("demo/feedback.jsonl") if "key" in rules_found(text_of(row))]
    assert len(found) == 1
    assert "FAKE" in found[0]
    assert "FAKE" not in str(redact(found[0]))


def test_the_dictionary_is_in_jiebas_format() -> None:
    entries = [line.rsplit(" ", 2) for line in words("dictionary.txt")]
    assert len(entries) >= 250
    assert len({entry[0] for entry in entries}) == len(entries)
    assert all(int(frequency) > 0 and tag in {"n", "nz", "eng"} for _, frequency, tag in entries)


def test_jieba_keeps_the_dictionarys_words_whole() -> None:
    import jieba

    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = jieba.Tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    with (MODELS / "words/dictionary.txt").open("rb") as file:
        tokenizer.load_userdict(file)
    entries = [line.split(" ")[0] for line in words("dictionary.txt")]
    assert [entry for entry in entries if tokenizer.lcut(entry) != [entry]] == []


def test_stop_words_are_single_and_keep_what_tells_kinds_apart() -> None:
    stops = words("stopwords.txt")
    assert len(set(stops)) == len(stops) >= 300
    assert all(word and word == word.strip().lower() for word in stops)
    kept = {"不", "没", "没有", "无法", "别", "怎么", "为什么", "如何", "希望", "建议", "吗", "能不能"}
    kept |= {"not", "no", "never", "cannot", "can't", "without", "how", "why", "what", "where", "wish"}
    assert not kept & set(stops)


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_counts_right(feedback: list[dict[str, Any]], kind: str) -> None:
    counts = Counter(row["language"] for row in feedback if row["kind"] == kind)
    page = (MODELS / "seeds/README.md").read_text("utf-8")
    assert f"| {kind} | {counts['zh']} | {counts['en']} |" in page


@pytest.mark.parametrize(("side", "name"), [(1, "spam"), (0, "ham")])
def test_the_readme_counts_spam_right(spam: list[dict[str, Any]], side: int, name: str) -> None:
    counts = Counter(row["language"] for row in spam if row["spam"] == side)
    assert f"| {name} | {counts['zh']} | {counts['en']} |" in (MODELS / "seeds/README.md").read_text("utf-8")


def test_the_readme_sums_right(feedback: list[dict[str, Any]]) -> None:
    counts = Counter(row["language"] for row in feedback)
    page = (MODELS / "seeds/README.md").read_text("utf-8")
    assert f"| **all** | **{counts['zh']}** | **{counts['en']}** |" in page
