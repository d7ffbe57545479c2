"""What templates say goes, whoever's they are; what people say in like words stays."""

import time

import pytest

from triage.domain.boilerplate import plain
from triage.domain.text import facts

GITHUB = """---
name: Bug report
about: Create a report to help us improve
labels:
  - bug

---

**Describe the bug**
A clear and concise description of what the bug is.

**To Reproduce**
Steps to reproduce the behavior:
1. Go to '...'
2. Click on '....'
3. Scroll down to '....'
4. See error

**Expected behavior**
A clear and concise description of what you expected to happen.

**Desktop (please complete the following information):**
 - OS: [e.g. iOS]
 - Browser [e.g. chrome, safari]
 - Version [e.g. 22]

**Additional context**
Add any other context about the problem here."""
GITHUB_ZH = """### 请确认
- [x] 我已经搜索了现有的 issue

**描述 bug**
对问题的清晰简洁的描述。

**复现步骤**
1. 打开 '...'
2. 点击 '....'
3. 向下滚动到 '....'
4. 看到错误

**期望行为**
对你期望发生的事情的清晰简洁的描述。

**桌面环境（请填写以下信息）：**
 - 操作系统: [例如 iOS]
 - 浏览器 [例如 chrome, safari]
 - **Python 版本**: [例如: 3.9]
"""
FORM = """### Is there an existing issue for this?

- [X] I have searched the existing issues

### Current Behavior

_No response_

### Environment

```markdown
- OS:
- Node:
- npm:
```

### Anything else?

_No response_"""
GITEE = "### 该问题是怎么引起的？\n\n\n\n### 重现步骤\n\n\n\n### 报错信息\n\n"
GITEA = """<!-- NOTE: If your issue is a security concern, please send an email -->
- Gitea version (or commit ref):
- Git version:
- Operating system:
- Database (use `[x]`):
  - [ ] PostgreSQL
- Can you reproduce the bug at https://try.gitea.io:
  - [ ] Yes (provide example URL)
- Log gist:

## Description

...
"""
MINDSPORE = """## Environment
### Hardware Environment(`Ascend`/`GPU`/`CPU`) / 硬件环境:
> Please delete the backend not involved / 请删除不涉及的后端:
> /device ascend/GPU/CPU/kirin/等其他芯片

### Software Environment / 软件环境 (Mandatory / 必填):
-- MindSpore version (e.g., 1.7.0.Bxxx) :
-- Python version (e.g., Python 3.7.5) :
-- OS platform and distribution (e.g., Linux Ubuntu 16.04):
-- GCC/Compiler version (if compiled from source):

- **Excute Mode / 执行模式 (Mandatory / 必填)(`PyNative`/`Graph`)**:
"""
PADDLE = """bug描述 Describe the Bug
请清晰简洁的描述这个bug。A clear and concise description of what the bug is.

其他补充信息 Additional Supplementary Information
"""
TRADITIONAL = "### 問題描述\n\n### 重現步驟\n1. 打开 '……'\n\n### 預期行為\n\n1、環境資訊：\n"
TEMPLATES = {
    "github": GITHUB,
    "github in Chinese": GITHUB_ZH,
    "github's form": FORM,
    "gitee": GITEE,
    "gitea": GITEA,
    "mindspore": MINDSPORE,
    "paddle": PADDLE,
    "traditional": TRADITIONAL,
    "with emoji": "## 🐛 Bug 描述\n\n## 📷 截图\n\n一、问题描述\n2. 环境信息：",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_left_empty_says_nothing(name):
    assert plain(TEMPLATES[name]).strip(" .") == ""


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_was_written_under_it_stays(name):
    assert plain(TEMPLATES[name] + "\n训练任务卡在 99%").strip(" .\n") == "训练任务卡在 99%"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("**问题描述**：训练任务失败", "训练任务失败"),
        ("【问题描述】：训练任务失败", "训练任务失败"),
        ("问题描述：训练任务失败", "训练任务失败"),
        ("【问题描述】训练任务失败", "训练任务失败"),
        ("**【复现步骤】** 点提交", "点提交"),
        ("【OpenI】训练任务失败", "【OpenI】训练任务失败"),
        ("1、复现步骤：点提交", "点提交"),
        ("Steps to reproduce: press the button", "press the button"),
        ("- 操作系统：银河麒麟 V10", "- 操作系统：银河麒麟 V10"),
        ("版本：2.3", "版本：2.3"),
        ("期望：支持 2.3", "期望：支持 2.3"),
        ("-- MindSpore version (e.g., 1.7.0.Bxxx) : 2.2", "-- MindSpore version : 2.2"),
    ],
)
def test_a_heading_before_what_was_said_goes(line, said):
    assert plain(line) == said


def test_a_templates_example_is_no_fact():
    assert facts(plain("-- MindSpore version (e.g., 1.7.0.Bxxx) : 2.2.1")).versions == {("mindspore", "2.2.1")}


@pytest.mark.parametrize(
    "line",
    [
        "请提供 MindSpore 2.3 镜像",
        "请提供一个夜间模式",
        "请提供昇腾910B的算力",
        "请确认昇腾910B是否支持",
        "No response after I press start",
        "I have searched the docs, but found nothing about HCCL",
        "I have read the documentation and it still fails",
        "我已经搜索过文档，但没有找到怎么续训",
        "我确认数据集是公开的",
        "我已阅读文档，还是不会用",
        "please provide a dark mode",
        "Please provide support for NPU",
        "please make sure that the job list refreshes",
        "任务名称：llama 训练",
        "遇到的问题：",
        "训练报错如下：",
        "打开 '我的任务' 就白屏",
        "1. 打开控制台",
        '点击 "提交" 没反应',
        "镜像",
        "支持国产卡（如昇腾）",
        "对比一下两个版本的描述",
        "发送自定义消息失败",
        "On my machine it wrote:nothing",
        "[图片](https 打不开",
    ],
)
def test_like_words_of_people_stay(line):
    assert plain(line) == line


@pytest.mark.parametrize(
    "line",
    [
        "请提供复现步骤",
        "请提供更多信息",
        "请确认您已搜索",
        "please provide a minimal example",
        "No response",
        "发自我的 iPhone",
        "Sent from my iPhone",
        "On Mon, Mar 5, 2024 at 3:20 PM Li <li@a.example> wrote:",
        "在 2024年3月5日，李四写道：",
    ],
)
def test_what_a_template_asks_for_goes(line):
    assert plain(f"{line}\n卡住了") == "卡住了"


@pytest.mark.parametrize(
    "unit",
    [
        "---\n",
        "---\n\n",
        "- a",
        "- [e.g. ",
        "（如",
        "a：",
        "1. ",
        "- a (e.g. ",
        "- **",
        "问题描述：",
        "对",
        "i have read ",
        "' ... ",
    ],
)
def test_a_hundred_kilobytes_are_read_in_bounded_time(unit):
    start = time.process_time()
    plain(unit * (100_000 // len(unit)))
    plain(f"---\nname:{' ' * 9_000}\n" + "\n" * 9_000)
    plain("- " + " " * 9_000 + unit + " " * 9_000)
    assert time.process_time() - start < 2
