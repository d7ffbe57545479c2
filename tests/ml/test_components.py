import time

import pytest

from triage.ml.components import Part, component_of, telling_words

WORDS = {"compute": ["训练任务", "GPU", "排队"], "data": ["数据集", "上传"], "api": ["API", "数据库", "排队"]}


@pytest.mark.parametrize(
    ("text", "component", "why", "against"),
    [
        ("排隊的訓練任務", "compute", {"训练任务": 1.0, "排队": 0.5}, {}),
        ("数据集上传失败", "data", {"数据集": 1.0, "上传": 1.0}, {}),
        ("api 返回 500", "api", {"api": 1.0}, {}),
        ("排队的 GPU 任务上传失败", "compute", {"gpu": 1.0, "排队": 0.5}, {"上传": 1.0}),
        ("rapid gpus", None, {}, {}),
        ("ＧＰＵ不够", "compute", {"gpu": 1.0}, {}),
        ("数据集和 API", None, {}, {}),
        ("排队", None, {}, {}),
        ("别的事", None, {}, {}),
        ("", None, {}, {}),
    ],
)
def test_the_listed_words_decide(text, component, why, against):
    found = component_of(text, WORDS)
    assert (found.name, list(found.why), list(found.against)) == (component, list(why.items()), list(against.items()))


TAUGHT = {"data": ["排队", "seat"], "gone": ["gpu"]}


@pytest.mark.parametrize(
    ("text", "component", "why"),
    [("训练任务排队", "data", {"排队": 2.0}), ("seat", "data", {"seat": 2.0}), ("gpu", "compute", {"gpu": 1.0})],
)
def test_a_taught_word_is_its_components_alone_and_outranks_a_listed_one(text, component, why):
    found = component_of(text, WORDS, TAUGHT)
    assert (found.name, dict(found.why)) == (component, why)


def test_without_words_there_is_no_component():
    assert component_of("训练任务", {"compute": ["", " "]}) == Part()


def test_a_long_text_is_read_in_bounded_time():
    start = time.perf_counter()
    component_of("训练 gpu " * 20_000, WORDS)
    assert time.perf_counter() - start < 1


def test_words_that_give_a_component_away_are_learned():
    queue = [("scheduler", ["job", "queue", "waits", "page"])] * 6
    login = [("login", ["password", "page", "job"])] * 6
    assert telling_words([*queue, *login]) == {"scheduler": ("queue", "waits"), "login": ("password",)}


def test_words_of_what_most_texts_are_about_are_learned_too():
    queue, login = [("scheduler", ["queue", "page"])] * 30, [("login", ["password", "page"])] * 6
    assert telling_words([*queue, *login]) == {"scheduler": ("queue",), "login": ("password",)}


def test_of_few_texts_or_of_one_component_nothing_is_learned():
    assert telling_words([("a", ["x1"])] * 3 + [("b", ["y1"])] * 3) == {}
    assert telling_words([("a", ["x1"])] * 30) == {}
    assert telling_words([]) == {}
