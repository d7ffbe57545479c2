"""A project's own words: read from a list, looked at before they are put in force, and then index and query alike."""

import hashlib
import json

import pytest
from sqlalchemy import update

from tests import factories
from tests.fakes.clock import START
from triage.config import data
from triage.db.tables import Feedback, Issue, Project
from triage.errors import InvalidError
from triage.services import analysis, dictionary, worker
from triage.services.indexing import READING, query, stored
from triage.services.library import recipe

WORD = "智算网络"
BODY = "今天智算网络又断开了，训练任务全部失败"


@pytest.fixture
def site(site, shipped):
    site.models = shipped
    yield site
    site.index.close()


@pytest.fixture
def project(session):
    row = factories.project(session)
    session.commit()
    return row


def said(session, site, project, body=BODY):
    row = factories.feedback(session, project, body, state="received")
    session.commit()
    analysis.analyse(site, row.id)
    session.expire_all()
    return row


def found(site, session, project, word=WORD):
    cut = site.library.of(session, project).duplicates.cut("", word)
    only = query(project.id, "", "", cut)
    return [hit.id for hit in site.index.find(only) if hit.kind == "feedback"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", []),
        ("智算网络\n云脑", ["智算网络", "云脑"]),
        ("RPC  failed，云脑、云脑\r\n", ["RPC failed", "云脑"]),
        ("a1; b2；c3", ["a1", "b2", "c3"]),
    ],
)
def test_words_stand_one_a_line_or_between_commas(written, words):
    assert dictionary.parse(written) == words


@pytest.mark.parametrize("written", ["x", "云", "x" * 41, "！！", "\n".join(f"w{n:05}" for n in range(2001))])
def test_what_is_no_word_is_refused(written):
    with pytest.raises(InvalidError):
        dictionary.parse(written)


def test_a_preview_shows_what_would_be_read_otherwise(session, site, project):
    said(session, site, project)
    said(session, site, project, "界面很好看")
    seen = dictionary.preview(site, session, project, [WORD])
    assert (seen.looked_at, seen.changed) == (2, 1)
    assert WORD in seen.changes[0].new
    assert seen.changes[0].feedback.body == BODY


def test_the_same_dictionary_changes_nothing(session, site, project):
    said(session, site, project)
    project.dictionary = [WORD]
    assert dictionary.preview(site, session, project, [WORD]).changed == 0
    assert dictionary.preview(site, session, project, []).changes[0].gone == (WORD,)


def test_put_in_force_index_and_query_are_cut_alike(session, site, project):
    row = said(session, site, project)
    dictionary.save(session, project, [WORD])
    session.commit()
    (number,) = dictionary.waiting(session)
    session.rollback()
    assert dictionary.resegment(site, number) == 1
    session.expire_all()
    assert (row.recipe, WORD in row.cut["body"]) == (recipe(project), True)
    assert found(site, session, project) == [row.id]
    assert dictionary.waiting(session) == []


def test_new_feedback_is_cut_with_the_words_at_once(session, site, project):
    dictionary.save(session, project, [WORD])
    row = said(session, site, project)
    assert (row.recipe, WORD in row.cut["body"]) == (recipe(project), True)


def test_taking_the_words_back_brings_the_old_cut_back(session, site, project):
    row = said(session, site, project)
    before = row.cut
    for words in ([WORD], []):
        dictionary.save(session, project, words)
        session.commit()
        dictionary.resegment(site, project.id)
        session.expire_all()
    assert (row.cut, row.recipe) == (before, READING)


def test_what_an_earlier_version_has_cut_is_cut_anew(session, site, project):
    row = factories.feedback(session, project, BODY, analysed_at=START, recipe="")
    issue = factories.issue(session, factories.topic(session, project), body=BODY, text_at=START, recipe="")
    session.commit()
    (number,) = dictionary.waiting(session)
    session.rollback()
    assert dictionary.resegment(site, number) == 2
    session.expire_all()
    assert (row.recipe, issue.recipe, bool(row.cut), bool(issue.cut)) == (READING, READING, True, True)


def test_how_texts_are_cut_has_another_name_whenever_it_changes(site):
    """If this fails, texts are cut otherwise than before: raise `READING`, and write the new digest here."""
    said = [
        "昇腾910B 上训练，报错误码EI0002，CUDA 12.4",
        "RPC failed; curl 56 错误，torch_npu==2.1.0，cuda-12.4",
        "www.openi.example打不开，版本v2.1，3月5日开始",
        "- OS:\n请提供日志\n问题描述：登录不了",
        '  File "a.py", line 3, in run\nValueError: x',
        "訓*練*任務啟動失敗，ＯｕｔＯｆＭｅｍｏｒｙ at https://a.example/b",
    ]
    cuts = [stored(site.models.cut("", text)) for text in said]
    lists = [(data("models") / "words" / name).read_text("utf-8") for name in ("dictionary.txt", "stopwords.txt")]
    digest = hashlib.sha256(json.dumps([cuts, lists], ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]
    assert (READING, digest) == ("3-", "6767ecd3049fa62e")


def test_other_projects_stay_as_they_are(session, site, project):
    other = said(session, site, factories.project(session))
    dictionary.save(session, project, [WORD])
    session.commit()
    dictionary.resegment(site, project.id)
    session.expire_all()
    assert WORD not in other.cut["body"]


def test_mirrored_issues_are_cut_again_too(session, site, project):
    issue = factories.issue(session, factories.topic(session, project), body=BODY, text_at=START)
    dictionary.save(session, project, [WORD])
    session.commit()
    dictionary.resegment(site, project.id)
    session.expire_all()
    assert WORD in session.get_one(Issue, issue.id).cut["body"]


def test_what_was_not_analysed_waits_for_its_analysis(session, site, project):
    factories.feedback(session, project, BODY, state="received")
    dictionary.save(session, project, [WORD])
    session.commit()
    assert dictionary.waiting(session) == []


def test_large_projects_go_batch_by_batch(session, site, project, monkeypatch):
    monkeypatch.setattr(dictionary, "BATCH", 2)
    for number in range(5):
        factories.feedback(session, project, f"{BODY} {number}", analysed_at=START)
    dictionary.save(session, project, [WORD])
    session.commit()
    assert dictionary.resegment(site, project.id) == 5


def test_what_somebody_else_has_cut_meanwhile_is_left_to_them(session, site, project):
    row = factories.feedback(session, project, BODY, analysed_at=START)
    session.commit()
    cut = site.models.duplicates.cut("", "something else")
    with site.db.write() as other:
        other.execute(update(Feedback).values(recipe="newer"))
    with site.db.write() as other:
        dictionary._store(other, [(row, cut)], "older", site)
    session.expire_all()
    assert (row.recipe, row.cut) == ("newer", {})


def test_the_worker_does_it_and_the_sweep_asks_for_it(session, site, project):
    row = factories.feedback(session, project, BODY, analysed_at=START)
    dictionary.save(session, session.get_one(Project, project.id), [WORD])
    session.commit()
    site.jobs.handlers = worker.handlers(site)
    site.jobs.put("sweep")
    site.jobs.drain()
    session.expire_all()
    assert WORD in row.cut["body"]
