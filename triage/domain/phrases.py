"""What the issue templates of GitHub, Gitee, Gitea, OpenI and some large projects say, in Chinese and English."""

from __future__ import annotations

import re

HEADINGS = frozenset(
    heading.strip()
    for heading in """
    describe the bug|to reproduce|steps to reproduce|steps to reproduce the behavior|how to reproduce
    reproduction|repro steps|reproduction steps|expected behavior|expected behaviour|expected results
    expected result|actual behavior|actual behaviour|actual results|actual result|current behavior
    current behaviour|screenshots|screenshot|additional context|additional information|additional info
    other info / logs|environment|version|versions|system information|system info|system information (version)
    what happened|what did you expect to happen|description|detailed description|summary|motivation
    proposed solution|possible solution|describe the solution you'd like|describe alternatives you've considered
    is your feature request related to a problem? please describe|is your feature request related to a problem
    desktop|smartphone|logs|relevant log output|log output|checklist|issue type|issue submission checklist
    bug report|feature request|what is the current behavior|what is the expected behavior
    describe the current behavior|describe the expected behavior|standalone code to reproduce the issue
    code of conduct|prerequisites|preliminary checks|link to code example|source code / logs|website or app
    any other info|context|bug description|problem description|your environment|operating system|问题描述
    描述问题|bug 描述|bug描述|描述|详细描述|问题详情|现象|问题现象|现象描述|复现步骤|重现步骤|复现方式|如何复现
    重现方法|复现方法|操作步骤|预期行为|期望行为|预期结果|期望结果|预期效果|期望的结果|实际行为|实际结果
    实际效果|当前行为|截图|屏幕截图|相关截图|附加信息|补充信息|其他信息|补充说明|更多信息|附加上下文|额外信息
    环境|环境信息|运行环境|系统环境|版本|版本信息|软件版本|版本号|操作系统|系统信息|日志|错误日志|日志信息
    报错信息|相关日志|运行日志|错误信息|您的建议|你的建议|建议描述|需求描述|功能描述|建议内容|功能建议|使用场景
    解决方案|期望的解决方案|您期望的解决方案|替代方案|背景|检查清单|提交前检查|前置检查|问题类型|反馈类型
    联系方式|设备信息|硬件信息|软件环境|硬件环境|重现链接|复现链接|问题反馈|功能请求|错误报告|发生了什么
    gitea version|git version|can you reproduce the bug on the gitea demo site|log gist|how are you running gitea
    hardware environment|software environment|related testcase|steps to reproduce the issue|related log
    special notes for this issue|is there an existing issue for this|anything else
    软硬件环境|关联用例|备注|前置确认|提交前确认|确认事项|是否愿意提交 pr|期望
    是否愿意提交pr|描述你的问题|错误截图|日志或截图
    该问题是怎么引起的|该问题是什么|该需求是什么|问题是怎么引起的|相关的issue|相关的 issue|原因（目的、解决的问题等）
    描述 bug|缺陷描述|错误描述|描述错误|报错描述|故障描述|故障现象|桌面环境|移动端环境|请确认|bug 报告|问题报告
    触发步骤|触发条件|错误日志或截图|日志或报错|报错日志|报错截图|日志输出|错误回溯|完整报错|回溯信息|备用方案
    您的功能请求是否与问题有关|你的功能请求是否与问题有关|描述您想要的解决方案|描述你想要的解决方案|描述您考虑过的替代方案
    描述你考虑过的替代方案|其他补充信息|附加说明|额外的背景信息|背景信息|其他上下文
    执行模式|任务链接|项目地址|问题截图|期望解决时间
    問題描述|問題說明|重現步驟|復現步驟|預期行為|期望行為|預期結果|期望結果|實際行為|實際結果|環境|環境資訊|環境信息|截圖
    螢幕截圖|附加資訊|補充說明|其他資訊|錯誤訊息|報錯信息|日誌|作業系統|功能描述|使用場景|解決方案|替代方案
    how is this question caused|what is the cause of this issue|error message|excute mode|execute mode
    additional supplementary information|please complete the following information|desktop environment
    describe the issue|describe your problem|steps to reproduce the problem|reproduction of the problem
    please describe your problem|what went wrong|what actually happened|what happened instead
    gitea 版本|git 版本|你是如何运行 gitea 的|能否在演示站点复现|问题简述|问题说明|相关 issue|目前的解决办法
    """.replace("\n", "|").split("|")
)
ASIDES = frozenset(  # never alone
    aside.strip()
    for aside in """
    ascend|gpu|cpu|npu|kirin|pynative|graph|mode|backend|后端|必填|选填|可选|required|optional|mandatory|如适用|如果适用|如果有
    if applicable|if any|or commit ref|请填写以下信息|請填寫以下資訊
    """.replace("\n", "|").split("|")
)

# how a template's own sentences begin; nobody who reports something begins so
_PROMPTS = (
    line.strip()
    for line in """
    a clear and concise description
    add any other context
    add any other screenshots
    if applicable, add screenshots
    please describe what you expected
    please search existing issues
    please fill in
    please delete the backend not involved
    please complete the following
    i'm always frustrated when [
    steps to reproduce the behavior:
    _no response_
    we have written the needed data into your clipboard
    所需的数据太大，无法直接发送
    为使您的问题得到快速解决
    为保证您的问题得到快速解决
    为了更快地解决您
    请删除不涉及
    请简要描述
    请简单描述
    请清晰
    请描述
    请详细描述
    请在此
    请填写
    请附上
    请粘贴
    请先搜索
    請描述
    請清晰
    請填寫
    請附上
    在此输入
    在这里输入
    在此处添加
    在这里添加
    在此添加
    添加屏幕截图以
    添加任何其他
    添加有关该
    简洁明了地描述
    清晰简洁
    清晰而简洁
    清晰、简洁
    简洁清晰
    简明扼要地描述
    如果适用，请
    如果適用，請
    如适用，请
    如有必要，请
    如果可能，请粘贴
    """.strip().splitlines()
)
# the like with words after it that tell a template from a request: “请提供截图”, but not “请提供 2.3 的镜像”
_NOUNS = (
    "复现|重现|截图|日志|报错|错误|环境|版本|系统|信息|详细|更多|相关|完整|以下|如下|您|你|尽可能|尽量|可复现|最小|必要|足够"
    "|複現|重現|截圖|日誌|環境|詳細"
)
_ASKED = (
    rf"请(?:尽可能|尽量)?提供(?:一下|一些|一个)?(?:{_NOUNS})",
    rf"請提供(?:{_NOUNS})",
    r"请(?:先)?确认(?:您|你|以下|已|该问题|此问题|没有|是否已|问题)",
    r"对.{1,30}(?:清晰|清楚|简洁|简明|明确).{0,12}描述",
    r"please provide (?:us |me )?(?:with )?(?:an? |the |any |some |your |more |all |as )?"
    r"(?:minimal|clear|detailed|short|brief|link|screenshot|code|copy|description|reproducible|stack|log|relevant|much|information|info|details|context|steps"
    r"|exact|full|version|following|output|concise|example url)",
    r"please make sure (?:that )?(?:you|your|there (?:is|are|isn't)|this issue|the issue|the bug)",
    r"no response\W*$",
    r"(?!.*(?:\bbut\b|however|\bstill\b|can't|cannot))i(?: have|'ve) (?:searched|read|checked|agreed|verified)\b"
    r".{0,80}(?:issue|contributing|code of conduct|guideline|terms|faq|\bdocs?\b|documentation|readme|duplicate)",
    r"i agree to follow",
    r"sent from my \w{1,20}.{0,20}$|get outlook for \w{1,10}|[发發][自送]自?我的.{1,20}$",
    r"on .{8,80} wrote:$|在 ?.{8,80}写道[:：]?$",
    r"can you reproduce the bug at",
    r"/device ascend/gpu/cpu",
    r"(?!.*(?:但|可是|不过|仍|还是|却))我(?:已经?|确认|已经?确认)(?:搜索|查找|查阅|阅读|确认|检查|搜过|搜索过).{0,60}",
)
PROMPT = re.compile("|".join([*map(re.escape, _PROMPTS), *_ASKED]))

# what templates ask for in lists; a line that only says such a name and a colon was left unfilled
FIELDS = frozenset(
    field.strip()
    for field in """
    os|os version|browser|browser version|version|device|device model|node|node version|npm|npm version|yarn
    gitea version|git version|database|log gist|can you reproduce the bug at|python|python version|pip version
    mindspore|mindspore version|pytorch version|torch version|paddle version|paddlepaddle version|tensorflow version
    cuda version|cann version|cann|driver version|firmware version|os platform and distribution|os platform
    gcc|compiler version|gcc/compiler version|gcc version|gpu|npu|cpu|ram|memory|architecture|platform|commit|commit id
    commit hash|kernel version|docker version|app version|screen size|resolution|locale|url|link|other|others
    testing environment|hardware environment|software environment|package version|vs code version|os type
    系统|操作系统|系统版本|操作系统版本|浏览器|浏览器版本|版本|版本号|设备|设备型号|机型|手机型号|应用版本|客户端版本|平台版本
    项目版本|软件版本|python 版本|python版本|框架版本|框架及版本|驱动版本|固件版本|cann 版本|cann版本|cuda 版本|cuda版本
    显卡|显卡型号|显存|内存|集群|算力资源|算力规格|资源规格|资源池|芯片|芯片类型|镜像|镜像名称|镜像版本|任务名称
    任务 id|任务id|任务链接|项目地址|仓库地址|项目名称|数据集|数据集名称|模型|模型名称|用户名|账号|联系方式|邮箱|微信
    手机|发生时间|时间|网络环境|其他|其它|设备信息|硬件|软件|环境|分辨率|链接|相关链接|作業系統|瀏覽器|裝置
    """.replace("\n", "|").split("|")
)

# headings that, before a word on their own line, say something of it
KEPT = frozenset(
    ["期望", "版本", "版本号", "软件版本", "操作系统", "version", "versions", "Version", "operating system"]
)
