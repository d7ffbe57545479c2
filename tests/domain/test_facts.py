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
        ("海光 DCU", {("dcu", "dcu")}),
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
