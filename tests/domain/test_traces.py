"""Whatever a trace was printed by, and however it was pasted, its functions and its error are what is left."""

import time

import pytest

from triage.domain.boilerplate import plain
from triage.domain.traces import FRAME_LIMIT, reduced

PYTHON = """Traceback (most recent call last):
  File "a.py", line 3, in <module>
    run()
  File "b.py", line 9, in run
    torch.npu(x,
    ~~~~~~~~~^^^
              y)
RuntimeError: HCCL error 107002"""
RANKED = "\n".join(f"[rank0]: {line}" for line in PYTHON.split("\n"))
LOGGED = "\n".join(
    f"2024-01-01 12:00:00,123 ERROR {line}"
    for line in PYTHON.replace(",\n    ~~~~~~~~~^^^\n              ", ", ").split("\n")
)
RAY = "\n".join(f"(Worker pid=12, ip=10.0.0.1) {line}" for line in PYTHON.split("\n"))
JAVA = """java.lang.NullPointerException: x
\tat org.a.B.c(B.java:12)
\tat java.base/java.util.ArrayList.forEach(ArrayList.java:1511)
\tat app//org.a.B$I.lambda$d$0(B.java:13) ~[app.jar:1.0]
\tat sun.R.invoke(Native Method)
Caused by: java.io.IOException: disk full
\t... 12 common frames omitted"""
GO = """panic: runtime error: nil pointer

goroutine 1 [running]:
main.(*Server).handle(0xc000010000, {0x4b2c30, 0x5})
\t/home/u/app/server.go:42 +0x1d
code.gitea.io/gitea/modules/git.(*Repository).GetCommit(...)
\t/go/src/repo.go:12
created by main.run in goroutine 5
\t/home/u/app/main.go:9 +0x25
exit status 2"""
SCRIPT = """TypeError: x
    at run (app.js:1:2)
    at new Foo (webpack-internal:///./src/foo.js:3:4)
    at Object.<anonymous> (/srv/app.js:1:2)
    at Module._load [as load] (internal.js:3:4)
    at https://x.example/index.js:3:4"""
NATIVE = """what(): boom
#0  0x00007f in hcclInit (a=1) at x.c:3
#1 0x4008 in ns::Foo<int>::bar /tmp/x.c:5
#2  0x7f (/usr/lib/libc.so.6+0x29d8f)
    @     0x7f8b1c paddle::framework::Executor::Run()
0   paddle::imperative::Tracer::TraceOp(std::string const&)
/lib/libc.so.6(__libc_start_main+0xf3) [0x7f]"""
RUST = """thread 'main' panicked
stack backtrace:
   0: rust_begin_unwind
             at /rustc/abc/panicking.rs:645:5
   1: core::panicking::panic_fmt
             at ./src/main.rs:4:5
   2: <Box<F,A> as core::ops::FnOnce<Args>>::call_once"""
TRACES = {
    "python": (PYTHON, "run\nRuntimeError: HCCL error 107002"),
    "torchrun": (RANKED, "run\nRuntimeError: HCCL error 107002"),
    "ray": (RAY, "run\nRuntimeError: HCCL error 107002"),
    "logged": (LOGGED, "run\nRuntimeError: HCCL error 107002"),
    "java": (
        JAVA,
        "java.lang.NullPointerException: x\norg.a.B.c java.util.ArrayList.forEach org.a.B$I.lambda$d$0 sun.R.invoke\n"
        "Caused by: java.io.IOException: disk full",
    ),
    "go": (
        GO,
        "panic: runtime error: nil pointer\nmain.(*Server).handle git.(*Repository).GetCommit main.run\nexit status 2",
    ),
    "javascript": (SCRIPT, "TypeError: x\nrun Foo Module._load"),
    "firefox": ("run@https://x.example/a.js:1:2\nfoo/<@https://x.example/a.js:3:4", "run foo"),
    "c++": (
        NATIVE,
        "what(): boom\nhcclInit ns::Foo<int>::bar paddle::framework::Executor::Run paddle::imperative::Tracer::TraceOp "
        "__libc_start_main",
    ),
    "rust": (
        RUST,
        "thread 'main' panicked\nrust_begin_unwind core::panicking::panic_fmt "
        "<Box<F,A> as core::ops::FnOnce<Args>>::call_once",
    ),
    "c#": ("   at App.Foo.Bar(String s) in C:\\a.cs:line 12", "App.Foo.Bar"),
    "c#, in Chinese": ("   在 App.Foo.Bar(String s) 位置 C:\\a.cs:行号 12", "App.Foo.Bar"),
    "php": ("Stack trace:\n#0 /var/www/index.php(12): foo()\n#1 {main}", "foo"),
}


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_becomes_its_error_and_its_functions(name):
    trace, short = TRACES[name]
    assert plain(f"跑不起来\n```\n{trace}\n```") == f"跑不起来\n{short}"


@pytest.mark.parametrize("name", TRACES)
def test_so_does_one_that_nobody_put_into_a_block(name):
    trace, short = TRACES[name]
    assert plain(f"跑不起来\n{trace}\n怎么办？") == f"跑不起来\n{short}\n怎么办？"


def test_so_does_one_that_was_quoted():
    trace, short = TRACES["python"]
    assert plain("\n".join(f"> {line}" for line in trace.split("\n"))) == short


def test_the_error_under_a_long_trace_stays():
    frames = "\n".join(
        f'  File "/home/user/module/name{n}.py", line {n}, in f{n}\n    call(argument)' for n in range(40)
    )
    names = " ".join(f"f{number}" for number in range(FRAME_LIMIT))
    assert plain(f"```\n{frames}\nValueError: bad\n```") == f"{names}\nValueError: bad"


@pytest.mark.parametrize(
    "line",
    [
        "at home (see the picture)",
        "在 requirements.txt(根目录) 里写了也不行",
        "model.train()",
        "1: 打开页面",
        "#12 和这个一样",
        "torch.cuda.OutOfMemoryError",
        "    缩进的话",
    ],
)
def test_what_looks_alike_stays(line):
    assert reduced([line, "x"]) == [line, "x"]


def test_an_error_without_a_message_is_no_function():
    assert reduced(['  File "a.py", line 3, in run', "torch.cuda.OutOfMemoryError"]) == [
        "run",
        "torch.cuda.OutOfMemoryError",
    ]


@pytest.mark.parametrize(
    "unit", ["a.b/", "at a.b(", "#1 a", "1: a::", "a.", "(a pid=1", 'File "a", line 1, in ', "~^", "a(=", "@ 0x1 a"]
)
def test_long_lines_are_read_in_bounded_time(unit):
    start = time.process_time()
    reduced(["goroutine 1 [running]:", *[unit * (20_000 // len(unit))] * 5, "\n"])
    assert time.process_time() - start < 1
