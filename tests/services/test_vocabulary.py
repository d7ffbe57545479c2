import pytest

from triage.services.vocabulary import component_name, telling


@pytest.mark.parametrize("name", ["镜像", "npu", "pull image", "fail with", "加一个", "CUDA 12.4"])
def test_words_that_tell_something(name):
    assert telling(name)


@pytest.mark.parametrize("name", ["the", "for the", "了 两个", "还 没", "没", " ", ""])
def test_words_that_tell_nothing(name):
    assert not telling(name)


def test_a_shipped_component_has_a_name_in_each_language_a_projects_own_has_its_own():
    assert (component_name("images", "zh"), component_name("登录", "en")) == ("镜像", "登录")
    assert component_name("images", "en") != "images"
