from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import ConflictError
from triage.search import Entry, Hit, Index, Query
from triage.search.files import STATE


def entry(one: int, text: str, project: int = 1, **more) -> Entry:
    words = text.split()
    return Entry(one, project, words[:2], words, [text[at : at + 2] for at in range(len(text) - 1)], **more)


def query(text: str, project: int = 1) -> Query:
    return Query(project, (), text.split(), [text[at : at + 2] for at in range(len(text) - 1)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path):
    with Index(folder) as made:
        made.add([entry(1, "训练 任务 卡住"), entry(2, "页面 打不开"), entry(3, "训练 任务 失败", project=2)])
        made.commit(watermark=7)
        yield made


def ids(hits: list[Hit]) -> list[int]:
    return [hit.id for hit in hits]


def test_finds_what_shares_words(index):
    assert ids(index.find(query("训练 卡住"))) == [1]


def test_keeps_projects_apart(index):
    assert ids(index.find(query("训练 任务", project=2))) == [3]


def test_scores_fall(index):
    index.add([entry(4, "训练 任务 卡住 很久")])
    index.commit()
    scores = [hit.score for hit in index.find(query("训练 任务 卡住 很久"))]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


def test_half_typed_words_are_found_by_their_characters(index):
    assert ids(index.find(Query(1, (), (), ["打不"]))) == [2]


def test_adding_twice_replaces(index):
    index.add([entry(1, "下载 很慢")])
    index.commit()
    assert index.count == 3
    assert index.find(query("训练")) == []


def test_same_number_as_feedback_and_issue(index):
    index.add([entry(1, "训练 任务 卡住", kind="issue")])
    index.commit()
    assert {(hit.kind, hit.id) for hit in index.find(query("训练 卡住"))} == {("feedback", 1), ("issue", 1)}


def test_removed_is_not_found(index):
    index.remove([1, 99])
    index.commit()
    assert index.find(query("训练 卡住")) == []


def test_excludes_before_it_limits(index):
    index.add([entry(4, "训练 任务")])
    index.commit()
    best = index.find(query("训练 任务"))[0].id
    assert ids(index.find(query("训练 任务"), 1, exclude={("feedback", best)})) == [{1: 4, 4: 1}[best]]


def test_limit(index):
    index.add([entry(one, "训练 任务") for one in range(10, 30)])
    index.commit()
    assert len(index.find(query("训练"), 5)) == 5


@pytest.mark.parametrize("text", ["", "   ", "没有 见过", "AND OR NOT", 'title:x* ~"', "\x00", "\ud800"])
def test_odd_queries_find_nothing(index, text):
    assert index.find(query(text)) == []


@settings(max_examples=60, deadline=None)
@given(token=st.text(min_size=1, max_size=80))
def test_any_token_is_found_again(token):
    import tempfile

    with tempfile.TemporaryDirectory() as made, Index(Path(made) / "i") as index:
        index.add([Entry(5, 1, (), [token])])
        index.commit()
        assert ids(index.find(Query(1, (), [token]))) == [5]


def test_a_huge_query_is_bounded(index):
    words = [f"w{n}" for n in range(20_000)] + ["训练", "卡住"]
    assert ids(index.find(Query(1, words, words, words))) == [1]


def test_watermark_survives(index, folder):
    index.close()
    with Index(folder) as again:
        assert (again.watermark, again.count, again.needs_rebuild) == (7, 3, "")


def test_uncommitted_is_lost_and_watermark_stays(index, folder):
    index.add([entry(9, "新的")])
    index.close()
    with Index(folder) as again:
        assert (again.count, again.watermark) == (3, 7)


def test_a_second_process_only_reads(index, folder):
    with Index(folder) as other:
        assert not other.writable
        assert ids(other.find(query("训练 卡住"))) == [1]
        with pytest.raises(ConflictError):
            other.add([entry(4, "x")])


def test_a_reader_sees_each_commit(index, folder):
    with Index(folder, write=False) as other:
        index.add([entry(4, "新 加入")])
        index.commit(watermark=8)
        assert ids(other.find(query("加入"))) == [4]
        assert other.watermark == 8


def test_a_reader_may_take_over(index, folder):
    with Index(folder) as other:
        index.close()
        assert other.claim()
        other.add([entry(4, "接手")])
        other.commit()
        assert other.count == 4


def test_reader_before_there_is_an_index(folder):
    with Index(folder, write=False) as reader:
        assert reader.find(query("训练")) == []
        with Index(folder) as writer:
            writer.add([entry(1, "训练")])
            writer.commit()
        assert ids(reader.find(query("训练"))) == [1]
        assert reader.needs_rebuild == ""


def test_a_killed_writer_leaves_the_lock_free(folder):
    code = f"""
import os
from pathlib import Path
from triage.search import *
i = Index(Path({str(folder)!r}))
i.add([Entry(1, 1, (), ['训练'])]); i.commit(3); i.add([Entry(2, 1, (), ['任务'])]); os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    with Index(folder) as index:
        assert (index.writable, index.count, index.watermark, index.needs_rebuild) == (True, 1, 3, "")


def test_clear_empties_for_readers_too(index, folder):
    with Index(folder, write=False) as reader:
        index.clear()
        assert reader.find(query("训练")) == []
        assert (index.watermark, index.count) == (0, 0)


def test_another_recipe_rebuilds(index, folder):
    index.close()
    with Index(folder, recipe="jieba+3") as other:
        assert (other.count, other.watermark) == (0, 0)
        assert "cut" in other.needs_rebuild


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[3] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("suffix", [".idx", ".term", ".fast", ".fieldnorm", ".store"])
def test_a_flipped_bit_is_noticed(index, folder, suffix):
    index.close()
    damage(next(path for path in folder.iterdir() if path.suffix == suffix))
    with Index(folder) as again:
        assert again.needs_rebuild.startswith("damaged")
        assert (again.count, again.watermark, again.writable) == (0, 0, True)
        again.add([entry(1, "训练")])
        again.commit(1)
        assert again.count == 1
    assert folder.with_name("index.damaged").is_dir()


@pytest.mark.parametrize("name", ["meta.json", STATE])
@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\x80not json", b'{"segments": [1]}'])
def test_a_broken_description_is_noticed(index, folder, name, content):
    index.close()
    (folder / name).write_bytes(content)
    with Index(folder, write=False) as reader:
        assert reader.find(query("训练")) == []
        assert reader.needs_rebuild
    with Index(folder) as again:
        assert again.needs_rebuild
        assert again.count == 0


def test_a_missing_segment_file_is_noticed(index, folder):
    index.close()
    next(path for path in folder.iterdir() if path.suffix == ".idx").unlink()
    with Index(folder) as again:
        assert again.needs_rebuild


def test_a_foreign_folder_is_put_aside(folder):
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"x")
    with Index(folder) as index:
        assert index.needs_rebuild
    assert (folder.with_name("index.damaged") / "holiday.jpg").exists()


def test_a_file_in_its_place_is_put_aside(folder):
    folder.write_text("x")
    with Index(folder) as index:
        assert index.needs_rebuild


def test_a_running_writer_survives_damage_to_its_description(index, folder):
    (folder / "meta.json").write_bytes(b"{")
    assert ids(index.find(query("训练 卡住"))) == [1]
    assert index.needs_rebuild


def test_threads_read_while_one_writes(index):
    found: list[bool] = []

    def read() -> None:
        found.extend(1 in ids(index.find(query("训练 卡住"))) for _ in range(50))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for one in range(100, 110):
        index.add([entry(one, "别 的")])
        index.commit()
    for thread in threads:
        thread.join()
    assert found == [True] * 200
    assert index.count == 13
