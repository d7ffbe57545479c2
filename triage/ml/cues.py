"""Words that give away what a sender wants, in Chinese and English: knowledge that a small training set can't hold."""

from __future__ import annotations

import re

from triage.domain.text import normalise

READ = 3_000  # characters looked at
OPENING = 250  # characters in which a cue counts once more
MOST = 5  # a sixth cue of one kind says nothing new

_ENGLISH = {
    "question": (
        r"how (?:to|can|do|does|should)|is (?:it|there) (?:possible|any|a way)|why|can (?:i|we|someone|anyone)"
        r"|any (?:idea|way|help|suggestion)|wonder(?:ing)?|questions?|help|thanks?"
        r"|please (?:help|advise|let me know)|what (?:is|are|does)|where (?:is|are|can)|which|not sure"
        r"|unable to|i(?:'m| am) (?:trying|using|getting|facing|new)"
        r"|i (?:tried|try|have|want to know|don't understand|get)|documentation|understand|support"
    ),
    "feature": (
        r"features?|would be (?:nice|great|good|useful|helpful|better|cool)|add(?:ing)?|support for|allow"
        r"|propos(?:e|al|ed)|suggest(?:ion)?|rfc|consider|implement(?:ation)?|enhancement|improve(?:ment)?"
        r"|motivation|option to|instead of|use case|expose|could (?:we|you)|i(?:'d| would) (?:like|love)"
        r"|should (?:be|have|support|allow)|wish|request|refactor|remove|deprecat(?:e|ed|ion)|switch to"
        r"|make it|provide|introduce"
    ),
    "bug": (
        r"bug|crash(?:es|ed|ing)?|fail(?:s|ed|ure|ing)?|errors?|broken|wrong|incorrect(?:ly)?"
        r"|unexpected(?:ly)?|regression|segfault|segmentation fault|hangs?|freez(?:e|es|ing)|leak"
        r"|does(?:n't| not) (?:work|appear|show|update)|not work(?:ing)?|can(?:'t|not)|exception"
        r"|assert(?:ion)?|abort(?:ed)?|nan|missing|stack trace|reproduc(?:e|ible)|no longer|stopped|invalid"
        r"|actual|expected|disappears?|flicker(?:s|ing)?|overflow|undefined|null"
    ),
    "praise": (
        r"thank you|thanks (?:for|a lot)|love|great (?:job|work|tool)|awesome|amazing|excellent|fantastic"
        r"|well done|kudos|perfect|appreciate|wonderful|best|impressed|nice work|keep it up|brilliant|saved me"
    ),
    "complaint": (
        r"worst|terrible|useless|garbage|awful|disappoint(?:ed|ing)|frustrat(?:ed|ing)|annoying|waste of"
        r"|ridiculous|horrible|unacceptable|joke|too slow|tired of|fed up|hate|rubbish|sick of"
        r"|uninstall(?:ed)?|poor"
    ),
}
_CHINESE = {
    "question": (
        r"怎么办|怎么回事|怎么|如何|怎样|请问|请教|为什么|为啥|是否|有没有|能否|可以.{0,8}吗|支持.{0,12}吗|吗"
        r"|咋|求助|求解|求教|哪里|哪个|哪些|什么意思|什么原因|什么区别|有什么|是什么|想问|问一下|想知道|多久"
        r"|多少|几个|不懂|不会|呢"
    ),
    "feature": (
        r"希望|建议|能不能|可不可以|可否|增加|添加|新增|加个|加一个|加上|支持一下|想要|最好|优化|求个|求加"
        r"|求增|要是能|如果能|如果可以|期待|盼|改成|改为|提供|开放|自定义|适配|允许|麻烦.{0,6}加"
        r"|需要.{0,6}功能|功能|或许可以|更方便"
    ),
    "bug": (
        r"报错|错误|出错|失败|无法|(?<!能)不能|没法|闪退|崩溃|奔溃|卡死|卡住|死机|白屏|黑屏|打不开|进不去|没反应"
        r"|无响应|异常|不显示|显示不|没有显示|乱码|丢失|超时|失效|中断|有误|有问题|不对|不了|不出来|刷不"
        r"|加载不|登不|找不到|查不到|看不到|一直|突然|死循环|重复|消失|不一致|不更新|没有更新|没更新|挂了|坏了"
    ),
    "praise": (
        r"感谢|谢谢|多谢|好用|点赞|赞|太棒|很棒|真棒|棒|不错|牛逼|厉害|给力|喜欢|太好了|完美|良心|优秀|好评"
        r"|辛苦了|加油|爱了|救了|方便多|流畅|贴心"
    ),
    "complaint": (
        r"垃圾|难用|失望|无语|差评|恶心|太慢|太卡|什么玩意|烂|太坑|坑人|浪费|离谱|卸载|敷衍|没人管|不如|呵呵"
        r"|受不了|忍|气死|越来越|糟糕|差劲|太差|太丑|凭什么|骗|退钱|抢不到|等了|说好的|一点都不"
    ),
}
_CUES = {kind: re.compile(rf"(?<![a-z])(?:{_ENGLISH[kind]})(?![a-z])|{_CHINESE[kind]}") for kind in _ENGLISH}


def cues(title: str, body: str) -> list[str]:
    """Return the cues of `title` and `body` as tokens: each cue itself, and how many of each kind stand where."""
    title, body = normalise(title), normalise(body[:READ])
    found: list[str] = []
    for kind, pattern in _CUES.items():
        above, below = pattern.findall(title), pattern.findall(body)
        opening = pattern.findall(body[:OPENING])
        found += [f"title {cue}" for cue in above] + sorted(set(below))
        found += _counted("title", kind, above) + _counted("body", kind, below) + _counted("opening", kind, opening)
    return found


def _counted(where: str, kind: str, cues_found: list[str]) -> list[str]:
    return [f"{where} {kind} {number}" for number in range(min(MOST, len(cues_found)))]
