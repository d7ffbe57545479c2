import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from triage.errors import InvalidError, ModelError
from triage.ml.obfuscation import DISGUISES, trained_against
from triage.ml.segment import Segmenter
from triage.ml.spam import SpamModel
from triage.ml.spam_training import Text, chosen_threshold, learn_spam

SHIPPED = Path(__file__).parents[2] / "models" / "weights"
SEGMENTER = Segmenter()
NAMES = ["早教班", "手机卡", "保健茶", "理财课", "代驾", "装修队", "月嫂", "车险", "茶叶店", "驾校"]
PARTS = ["登录页", "训练任务", "数据集", "镜像", "模型", "积分", "日志", "搜索", "通知", "仓库"]
TEXTS = [
    *(Text(f"{name}特价优惠，加微信 abc{number} 领取", spam=True) for name in NAMES for number in range(5)),
    *(Text(f"{part}第 {number} 次打开就报错", spam=False, software=True) for part in PARTS for number in range(5)),
]
AD = "健身房特价优惠，加微信 abc9 领取"


@pytest.fixture(scope="module")
def model():
    return learn_spam(TEXTS, SEGMENTER)


def test_advertisements_are_spam_and_reports_are_not(model):
    assert model.predict(AD).spam
    assert not model.predict("评论区打开就报错").spam


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_does_not_help(model, disguise):
    assert model.predict(DISGUISES[disguise](AD, Random(1))).score > 0.5


def test_it_says_why(model):
    assert {"优惠", "特价"} <= set(dict(model.predict(AD).why))


def test_it_says_what_speaks_against(model):
    verdict = model.predict("登录页打开就报错，加微信领取优惠")
    assert {"报错", "打开"} <= set(dict(verdict.against))
    assert "优惠" in dict(verdict.why)
    assert min(weight for _, weight in [*verdict.why, *verdict.against]) > 0


def test_what_is_no_word_is_named_where_it_is_there_and_nothing_that_is_missing(model):
    names = {name for name, _ in [*model.predict(AD).why, *model.predict(AD).against]}
    assert "sign:contact" in names
    assert not {"sign:money", "sign:code"} & names


def test_a_project_may_have_its_own_threshold(model):
    assert not model.predict(AD, threshold=1.1).spam


@pytest.mark.parametrize("text", ["", " \n", "👍", "？？", "\u200b"])
def test_nothing_to_read_is_no_spam(model, text):
    verdict = model.predict(text)
    assert (verdict.spam, verdict.score) == (False, 0.0)


def test_a_hundred_kilobytes_are_judged(model):
    assert isinstance(model.predict("报错" * 50_000).spam, bool)


def test_saved_and_loaded_it_answers_the_same(model, tmp_path):
    model.save(tmp_path)
    again = SpamModel.load(tmp_path, segmenter=SEGMENTER)
    assert again.predict(AD).score == pytest.approx(model.predict(AD).score, abs=5e-3)
    assert again.threshold == model.threshold


def test_training_again_gives_the_same_bytes(model, tmp_path):
    model.save(tmp_path / "a")
    learn_spam(TEXTS, SEGMENTER).save(tmp_path / "b")
    assert (tmp_path / "a" / "spam.npz").read_bytes() == (tmp_path / "b" / "spam.npz").read_bytes()


@pytest.mark.parametrize("facts", [{"labels": ["a", "b"]}, {"threshold": None}, {"blocks": 1}, {"slope": "x"}])
def test_facts_that_do_not_fit_are_refused(model, tmp_path, facts):
    model.save(tmp_path)
    file = tmp_path / "spam.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **facts}))
    with pytest.raises(ModelError):
        SpamModel.load(tmp_path, segmenter=SEGMENTER)


def test_too_few_examples_teach_nothing():
    with pytest.raises(InvalidError):
        learn_spam(TEXTS[:60], SEGMENTER)


def test_the_threshold_spares_software_feedback():
    texts = [Text("", spam=True)] * 50 + [Text("", spam=False, software=True)] * 50
    chances = np.array([0.9] * 50 + [0.1] * 49 + [0.8])
    assert 0.1 < chosen_threshold(chances, texts) <= 0.9


def test_without_any_spam_nothing_is_taken_for_it():
    assert chosen_threshold(np.array([0.9, 0.8]), [Text("", spam=False)] * 2) == 1.0


def test_disguises_are_driven_by_the_seed():
    assert trained_against(AD, Random(5)) == trained_against(AD, Random(5))
    assert all(DISGUISES[name](AD, Random(3)) == DISGUISES[name](AD, Random(3)) for name in DISGUISES)


@pytest.fixture(scope="module")
def shipped():
    return SpamModel.load(SHIPPED)


@pytest.mark.parametrize(
    "text",
    [
        "急招兼职刷单，日结三百，加微信 abcd0000",
        "专业代开发票，税点低，电话 13800000000 李经理",
        "加·薇.❤：abcd0000 领优惠券，免费试用",
    ],
)
def test_the_shipped_model_knows_an_advertisement(shipped, text):
    assert shipped.predict(text).spam


@pytest.mark.parametrize(
    "text",
    [
        "微信扫码登录失败，提示二维码过期",
        "希望增加发票下载功能",
        "积分兑换优惠券报错 500",
        "wx.request 超时",
        "能不能拉个 QQ 群反馈问题",
    ],
)
def test_the_shipped_model_spares_feedback_that_looks_alike(shipped, text):
    assert not shipped.predict(text).spam


@pytest.mark.parametrize(
    "text",
    [
        "help",
        "No puedo iniciar sesión, ayuda por favor",
        "где скачать?",
        "ログインできない",
        "请退出重新登录",
        "\u202ehelp",
    ],
)
def test_the_shipped_model_puts_no_stranger_into_quarantine(text):
    verdict = SpamModel.load(SHIPPED, segmenter=SEGMENTER).predict(text)
    assert not verdict.spam
    assert verdict.score < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "Buy followers now! visit http://cheap-likes.top",
        "Cheap gpu rental, whatsapp +1 555 123 4567, 50% off today",
        "Our writers finish your thesis, and nobody will ever know",
        "Best casino of the year, get your bonus now",
    ],
)
def test_the_shipped_model_knows_an_advertisement_in_english(shipped, text):
    assert shipped.predict(text).spam


@pytest.mark.parametrize(
    "text", ["出 A100 服务器时长，低于官网三折，可试用", "出售平台账号，带积分，价格可谈", "进群领免费算力，先到先得"]
)
def test_the_shipped_model_knows_what_is_posted_without_a_contact(shipped, text):
    assert shipped.predict(text).spam


@pytest.mark.parametrize(
    "text",
    [
        "群里有人发广告：“加微信 demo_gpu_000 详聊，算力每小时 1 元”，管理员管一下吧",
        "举报垃圾信息：> 兼职日结，加微信 abc12345，一天 300",
        "有人在评论区刷屏：\n> 低价出售账号，加微信 aa123，一个 5 元\n希望能处理一下",
        "评论区全是广告，什么「低价出售账号，联系vx：aa123」，太影响体验了",
        "Someone keeps posting 'Buy cheap followers, 5 USD, at http://spam.example' in the comments, please ban them",
    ],
)
def test_who_quotes_an_advertisement_to_complain_of_it_is_heard(shipped, text):
    verdict = shipped.predict(text)
    assert (verdict.spam, verdict.score < shipped.threshold) == (False, True)


@pytest.mark.parametrize(
    "text",
    [
        "“加微信 demo_gpu_000 详聊，算力每小时 1 元”",
        "管理员好 “加微信 demo_gpu_000 详聊，算力每小时 1 元”",
        "广告位出租，每月 100 元，加微信 abc12345 “先到先得，名额有限”",
        "本店承接广告投放，“诚信为本”，详询电话 13800138000，前十名八折优惠",
    ],
)
def test_an_advertisement_in_quotes_is_still_one(shipped, text):
    assert shipped.predict(text).spam


def test_what_goes_into_quarantine_has_a_reason():
    shipped = SpamModel.load(SHIPPED, segmenter=SEGMENTER)
    verdict = shipped.predict("进群领券")  # no word of it is known
    assert verdict.spam
    assert len(verdict.why) == 1
    assert not shipped.predict("？ 嗄 4", threshold=0.0).spam
