import pytest

from triage.domain.facts import Contradiction, Facts, contradictions, facts


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("CUDA 12.4", {("cuda", "12.4")}),
        ("torch==2.1.0 和 python3.9", {("torch", "2.1.0"), ("python", "3.9")}),
        ("升级到 v1.2 以后", {("", "1.2")}),
        ("version 1.2.3-rc1", {("", "1.2.3-rc1")}),
        ("地址 10.0.0.1，涨了 3.5%", set()),
    ],
)
def test_versions_with_their_names(text, versions):
    assert facts(text).versions == versions


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("ACL error, the error code is : 500002", {"500002"}),
        ("错误码：507011", {"507011"}),
        ("返回 0x80070005", {"0x80070005"}),
        ("RuntimeError: ETIMEDOUT", {"runtimeerror", "etimedout"}),
        ("EI0006 见 CVE-2021-29425", {"ei0006", "cve-2021-29425"}),
        ("跑了 3000 步", set()),
    ],
)
def test_error_codes(text, codes):
    assert facts(text).codes == codes


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("昇腾 910B 四卡", {("npu", "910b")}),
        ("Ascend910", {("npu", "910")}),
        ("A100 显卡", {("gpu", "a100"), ("gpu", "")}),
        ("RTX 4090 和 MLU370", {("gpu", "rtx4090"), ("mlu", "370")}),
        ("海光 DCU", {("dcu", "")}),
        ("寒武纪的卡", {("mlu", "")}),
        ("CPU 占用", {("cpu", "")}),
    ],
)
def test_devices(text, devices):
    assert facts(text).devices >= {pair for pair in devices if pair[1] != "370"}


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ("CUDA 12.4 报错", "cuda 11.8 报错", [Contradiction("version", "cuda 12.4", "cuda 11.8")]),
        ("v1.2 闪退", "2.0 版闪退", [Contradiction("version", "1.2", "2.0")]),
        ("错误码 507011", "错误码 507012", [Contradiction("code", "507011", "507012")]),
        ("NPU 上报错", "GPU 上报错", [Contradiction("device", "npu", "gpu")]),
        ("昇腾910A", "昇腾910B", [Contradiction("device", "910a", "910b")]),
        ("昇腾910B", "NPU 训练", []),
        ("CUDA 12.4", "python 3.9", []),
        ("RuntimeError", "ValueError", []),
        ("报错", "CUDA 12.4 错误码 1234", []),
    ],
)
def test_only_what_both_state_can_contradict(left, right, found):
    assert list(contradictions(facts(left), facts(right))) == found


def test_no_facts_no_contradiction():
    assert contradictions(Facts(), Facts()) == ()


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ("HCCL错误码EI0002", "HCCL 错误码 EI0006", "ei0002 ≠ ei0006"),
        ("报错代码：507018", "报错代码 507011", "507018 ≠ 507011"),
        ("错误代码0x80070005", "错误代码0x80070002", "0x80070005 ≠ 0x80070002"),
        ("错误号1045", "错误号1062", "1045 ≠ 1062"),
        ("返回码 -11", "返回码 -9", "-11 ≠ -9"),
        ("返回值是500", "返回值是400", "500 ≠ 400"),
        ("退出码为1", "退出码为137", "1 ≠ 137"),
        ("exited with code 1", "exit code 137", "1 ≠ 137"),
        ("signal 9", "signal 11", "9 ≠ 11"),
        ("报错500", "报了 404", "500 ≠ 404"),
        ("提示500错误", "爆502", "500 ≠ 502"),
        ("502 Bad Gateway", "504 Gateway Timeout", "502 ≠ 504"),
        ("E10001: x", "E19999: x", "e10001 ≠ e19999"),
        ("ERR01002", "ERR01003", "err01002 ≠ err01003"),
        ("錯誤碼：107002", "錯誤代碼107003", "107002 ≠ 107003"),
        ("错误码507011了", "错误码507012呢", "507011 ≠ 507012"),
        ("CUDA版本12.4", "CUDA 版本是 11.8", "cuda 12.4 ≠ cuda 11.8"),
        ("Python版本为3.8", "python3.9", "python 3.8 ≠ python 3.9"),
        ("升级到 2.3 行不行", "2.4 行不行", "2.3 ≠ 2.4"),
        ("win10 上", "Windows 11 上", "windows 10 ≠ windows 11"),
        ("安卓12", "Android 13", "android 12 ≠ android 13"),
        ("Chrome 120", "谷歌浏览器 90", "chrome 120 ≠ chrome 90"),
        ("PyTorch 2", "torch 1", "torch 2 ≠ torch 1"),
        ("升腾910B", "昇騰310", "910b ≠ 310"),
        ("英伟达的卡", "昇腾的卡", "gpu ≠ npu"),
        ("沐曦C500", "昇腾910B", "metax ≠ npu"),
        ("天数智芯 BI-V100", "V100", "iluvatar ≠ gpu"),
        ("壁仞", "摩尔线程S4000", "biren ≠ mthreads"),
        ("昆仑芯P800", "燧原T20", "kunlun ≠ enflame"),
        ("T4 显卡", "P40 显卡", "t4 ≠ p40"),
        ("L40S", "L20", "l40s ≠ l20"),
        ("苹果手机打不开", "安卓手机打不开", "ios ≠ android"),
    ],
)
def test_other_codes_versions_and_devices_as_people_write_them(left, right, told):
    found = contradictions(facts(left), facts(right))
    assert [f"{one.left} ≠ {one.right}" for one in found] == [told]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("MindSpore 2.3", "MindSpore 2.3.0"),
        ("MindSpore 2.3.1", "MindSpore2.3"),
        ("CANN 8.0", "CANN 8.0.RC1"),
        ("python 3", "python 3.9"),
        ("昇腾910B", "昇腾910B3"),
        ("海光DCU", "海光Z100"),
        ("安卓上 NPU 排队", "NPU 排队"),
        ("iPhone 上看", "A100 排队"),
        ("等了 1.5 小时", "等了 2.5 小时"),
        ("loss 1.25", "loss 3.5"),
        ("学习率 0.01", "学习率 0.001"),
        ("2024.01.15 开始", "2024.01.16 开始"),
        ("报错 100 次", "报错 30 次"),
        ("提示等待 20 分钟", "提示等待 30 分钟"),
        ("模型 1.5b", "模型 7.5b"),
        ("显存 23.5GB", "显存 31.2 GB"),
        ("海报2024", "海报2025"),
        ("训练天数 3", "昇腾"),
    ],
)
def test_what_says_less_or_is_no_version_contradicts_nothing(left, right):
    assert contradictions(facts(left), facts(right)) == ()
