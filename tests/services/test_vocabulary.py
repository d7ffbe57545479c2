import pytest

from triage.errors import ModelError
from triage.services import vocabulary
from triage.services.vocabulary import component_name, read_components, telling


@pytest.mark.parametrize("name", ["镜像", "npu", "pull image", "fail with", "加一个", "CUDA 12.4"])
def test_words_that_tell_something(name):
    assert telling(name)


@pytest.mark.parametrize("name", ["the", "for the", "了 两个", "还 没", "没", " ", ""])
def test_words_that_tell_nothing(name):
    assert not telling(name)


def test_a_shipped_component_has_a_name_in_each_language_a_projects_own_has_its_own():
    assert (component_name("images", "zh"), component_name("登录", "en")) == ("镜像", "登录")
    assert component_name("images", "en") != "images"


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"a": 3}', b'{"a": {"words": 3}}', b'{"a": {"words": [3]}}', b"\xff\xfe"]
)
def test_a_damaged_list_of_components_is_told(tmp_path, raw):
    file = tmp_path / "components.json"
    file.write_bytes(raw)
    with pytest.raises(ModelError, match="components"):
        read_components(file)


def test_damaged_lists_keep_no_page_from_being_shown(tmp_path, monkeypatch):
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "stopwords.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "words" / "components.json").write_text('{"images": {"words": null}}')
    monkeypatch.setattr(vocabulary, "data", lambda _: tmp_path)
    for known in (vocabulary.components, vocabulary.function_words):
        known.cache_clear()
    try:
        assert (telling("crash"), component_name("images", "zh")) == (True, "images")
    finally:
        for known in (vocabulary.components, vocabulary.function_words):
            known.cache_clear()
