import pytest

from triage.domain.boilerplate import FENCE_LIMIT, plain
from triage.domain.traces import FRAME_LIMIT

ISSUE = """**Describe the bug**
A clear and concise description of what the bug is.

### 问题描述
<!-- 请描述你遇到的问题 -->
训练到第三轮就报错，见[日志](https://x.example/files/run.log) ![截图](https://x.example/1.png)
- [x] 我已经搜索过所有的 issue，没有找到相同的问题并且同意行为准则
- [ ] 我愿意提交 PR
- [x] 昇腾
Issue Type: <b>Bug</b>
参考[文档](https://docs.example/a)
---
_No response_"""


def test_only_what_was_said_is_left():
    assert [line.strip() for line in plain(ISSUE).split("\n")] == ["训练到第三轮就报错，见", "昇腾", "参考文档"]


@pytest.mark.parametrize(
    "line",
    [
        "2024-01-01 12:00:01,123 [INFO] [trainer] epoch 3",
        "[2024/01/01T12:00:01.5Z] WARN epoch 3",
        "12:00:01 - ERROR: epoch 3",
        "[01-01-2024 12:00:01] (DEBUG) [a][b] epoch 3",
        "ERROR 01-01 12:00:00 [core.py:12] epoch 3",
        "[INFO] 2024-01-01 12:00:00 epoch 3",
        "(EngineCore pid=12) INFO 01-01 12:00:00 [core.py:12] epoch 3",
        "INFO:root:epoch 3",
        "[W 2024-01-01 12:00:00.123 App:12] epoch 3",
        "[rank3]:[E101 12:00:00.123 ProcessGroup.cpp:3] epoch 3",
        "2024-01-01 12:00:00.123 | ERROR    | __main__:main:12 - epoch 3",
        "12:00:00.123 WARN  o.s.Foo - epoch 3",
        "Jan  1 12:00:00 node-1 trainer[12]: epoch 3",
        "[   12.345678] epoch 3",
    ],
)
def test_log_prefixes_go(line):
    assert plain(f"```\n{line}\n```") == "epoch 3"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            r'{"level":"error","ts":1700000000.1,"caller":"a/b.go:12","msg":"pull image","error":"status \"401\""}',
            'pull image status "401"',
        ),
        (
            r'{"log":"RuntimeError: HCCL timeout\n","stream":"stderr","time":"2024-01-01T00:00:00Z"}',
            "RuntimeError: HCCL timeout",
        ),
        ('time="2024-01-01T00:00:00Z" level=error msg="pull image" error="no space left"', "pull image no space left"),
        ("ts=2024-01-01T00:00:00Z level=info msg=started component=web", "started"),
        ('{"event": "quota used up", "severity": "WARN"}', "quota used up"),
        ('2024-01-01 12:00:00 {"severity": "WARN", "message": "quota used up"}', "quota used up"),
    ],
)
def test_records_of_structured_logs_say_their_message(line, said):
    assert plain(f"```\n{line}\n```") == said


@pytest.mark.parametrize(
    "line",
    [
        '{"code": 500, "msg": "内部错误", "time": "12:00"}',
        '{"level": 3, "map": "a"}',
        "level=3 is too hard",
        "{训练} level: 3",
    ],
)
def test_other_json_stays(line):
    assert plain(f"```\n{line}\n```") == line


@pytest.mark.parametrize("line", ["ERROR 3 times", "[1.5] 学习率", "INFO: 重启了", "a.b - c", "E101 是什么"])
def test_what_only_looks_like_a_prefix_stays(line):
    assert plain(f"```\n{line}\n```") == line


@pytest.mark.parametrize(
    "picture",
    [
        "![截图(1).png](https://x.example/a(1).png)",
        "![[截图.png]]",
        "[图片]",
        "[Image]",
        "![a](data:image/png;base64,iVBO=)",
    ],
)
def test_pictures_go_however_they_are_put(picture):
    assert plain(f"{picture} 训练失败") == "训练失败"


def test_code_is_kept_but_bounded():
    code = "\n".join(f"line_{number}" for number in range(1_000))
    assert plain(f"说明\n```python\n{code}\n```").startswith("说明\nline_0")
    assert len(plain(f"```\n{code}\n```")) <= FENCE_LIMIT


def test_a_long_block_keeps_its_end():
    log = "\n".join(f"step {number}" for number in range(1_000))
    said = plain(f"```\n{log}\nHCCL error 107002\n```")
    assert said.startswith("step 0\n")
    assert said.endswith("\nstep 999\nHCCL error 107002")


def test_long_traces_are_cut():
    trace = "\n".join(f'  File "x.py", line {number}, in f{number}' for number in range(50))
    assert plain(f"```\n{trace}\n```").split() == [f"f{number}" for number in range(FRAME_LIMIT)]


@pytest.mark.parametrize("text", ["### 环境\n\n### 截图", "<!-- 请描述 -->", "**To Reproduce**\n- [ ] yes"])
def test_a_template_left_empty_says_nothing(text):
    assert plain(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Environment variables are lost",
        "List<String> fails",
        "a < b and b > c",
        "# 标题也是话",
        "<!-- 没有关上的注释",
        "-1 是什么错",
    ],
)
def test_what_looks_alike_stays(text):
    assert plain(text).strip() == text.lstrip("# ").replace("<!--", "").strip()


@pytest.mark.parametrize(
    "line",
    [
        "### 问题描述 / Describe the bug",
        "**环境信息（Environment）**",
        "### 软硬件环境 / Hardware Environment(Ascend/GPU/CPU):",
        "### 重现步骤 / Steps to reproduce the issue",
        "### Gitea Version",
        "### Can you reproduce the bug on the Gitea demo site?",
        "### 截图（必填）",
        "### 前置确认",
        "- [x] 我已经搜索过 issue",
        "- [x] I have searched the issues",
    ],
)
def test_headings_in_two_languages_and_pledges_go(line):
    assert plain(f"{line}\n训练卡住了") == "训练卡住了"


@pytest.mark.parametrize("line", ["GPU", "登录/注册页面打不开", "Training hangs (CPU)", "Ascend/GPU", "log", "数据库"])
def test_short_answers_stay(line):
    assert plain(f"### 环境\n{line}") == line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("W0101 12:00:00.123456 1234 file.cc:12] hccl timeout", "hccl timeout"),
        ("[ERROR] HCCL(88,python3):2024-01-01-12:00:00.123.456 [task.cc:88]wait: EI0002", "wait: EI0002"),
        (
            "[ERROR] DEVICE(12,7f,python):2024-01-01-12:00:00.123.456 [mindspore/ccsrc/a.cc:123] Run] out of memory",
            "Run] out of memory",
        ),
    ],
)
def test_prefixes_of_accelerator_logs_go(line, said):
    assert plain(f"```\n{line}\n```") == said
