"""An encoder from a local folder, optional: what a text means as numbers, for words that differ and mean the same."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.domain.text import language
from triage.errors import ModelError
from triage.ml.bert import Bert

Floats = NDArray[np.float32]
Network = Callable[[Sequence[int]], Floats]

TOKENS = 128  # of a text that are read: time grows with them, and people say what it is about first
CHARACTERS = 2_000
UNKNOWN = 0.15  # share of unknown tokens above which the encoder doesn't know the language and says nothing
KEPT = 4_000  # vectors of texts that came without one, about 2 MB
LOOKED_AT = 20  # candidates, the best by their words, whose meaning is compared
LOOKED_UP = 6  # of them, at most, whose meaning has to be found out first
# Log-odds for each spread above what unrelated texts have; where that speaks neither way; how far it may go. Fitted on
# the second half of the Eclipse reports beside a ranker of the first half; Hadoop gives the same (decision 011)
WEIGHT, EVEN, REACH = 0.6, 5.5, 4.0
# Feedback about different things: how near they are to each other is what an encoder calls unrelated, each its own way
_UNRELATED = {
    "zh": """
        训练任务一直排队，没有资源|登录以后页面是空白的|希望支持深色模式|数据集上传到一半就断了|发票抬头写错了怎么改
        文档里的链接打不开|镜像拉取失败|通知邮件收不到|搜索结果不准|手机上按钮被挡住了|怎么邀请别人加入项目|安装包在旧系统上装不了
    """,
    "en": """
        training jobs wait in the queue|a blank page after signing in|please add a dark theme|uploads stop halfway
        the name on my invoice is wrong|a link in the manual leads nowhere|the image can't be pulled|no mail arrives
        search finds the wrong things|on a phone the button is covered|how do I invite somebody|setup fails on old PCs
    """,
}
Said = tuple[str, "Meaning | None"]  # a text and what it was found to mean
_ONNX = ("model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx")
_MODULES = frozenset({"Transformer", "Pooling", "Normalize"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one text means to the encoder `by`: `values` are signed bytes of a direction, whose length says nothing."""

    by: str
    values: bytes

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON takes it."""
        return {"by": self.by, "values": base64.b64encode(self.values).decode("ascii")}

    @classmethod
    def of(cls, stored: dict[str, str] | None) -> Meaning | None:
        """Return what `as_dict` gave."""
        return cls(stored["by"], base64.b64decode(stored["values"])) if stored else None


class Encoder:
    """The encoder of `folder` (sentence-transformers or ONNX), loaded when it is first asked.

    Where it can't be loaded or fails, `fault` says why and no text means anything to it: all goes on without.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._fault = ""
        self._loaded: _Loaded | None = None
        self._known: dict[str, Meaning | None] = {}
        self._usual: dict[str, tuple[float, float] | None] = {}

    @property
    def fault(self) -> str:
        """Why it can't be used, "" where it can; loads it."""
        self._ready()
        return self._fault

    @property
    def name(self) -> str:
        """What tells it from others: the folder's name and a digest of its files; "" where it can't be used."""
        loaded = self._ready()
        return loaded.name if loaded else ""

    def meaning(self, text: str) -> Meaning | None:
        """Return what `text` means; None where there is nothing to read, in no language that it knows."""
        loaded = self._ready()
        if loaded is None or not text.strip():
            return None
        try:
            with _told(self.folder):
                return loaded.meaning(text[:CHARACTERS])
        except ModelError as error:
            self._fault, self._loaded = str(error), None
            return None

    def remembered(self, text: str, *, look: bool) -> Meaning | None:
        """Return what `text` means where that is remembered, or else is to be found out (`look`) and remembered."""
        if text not in self._known and look:
            self._known[text] = self.meaning(text)
            while len(self._known) > KEPT:
                self._known.pop(next(iter(self._known)), None)
        return self._known.get(text)

    def usual(self, language: str) -> tuple[float, float] | None:
        """Return mean and spread of the cosines among unrelated texts of a language; None where it can't read it."""
        if language not in self._usual:
            texts = [one for text in _unrelated(language) if (one := self.meaning(text))]
            among = [cosine for at, one in enumerate(texts) if at for cosine in cosines(one, texts[:at])]
            self._usual[language] = (float(np.mean(among)), max(float(np.std(among)), 0.01)) if among else None
        return self._usual[language]

    def knows(self, text: str) -> bool:
        """Return whether `remembered` needs no looking."""
        return text in self._known

    def _ready(self) -> _Loaded | None:
        with self._lock:
            if self._loaded is None and not self._fault:
                try:
                    with _told(self.folder):
                        self._loaded = _load(self.folder)
                except ModelError as error:
                    self._fault = str(error)
            return self._loaded


@dataclass(frozen=True, slots=True)
class _Loaded:
    name: str
    tokenizer: Any
    unknown: int | None
    network: Network
    pooling: str

    def meaning(self, text: str) -> Meaning | None:
        """Return the meaning of `text`; raises whatever the network raises."""
        found = self.tokenizer.encode(text)
        if not found.ids or found.ids.count(self.unknown) > UNKNOWN * len(found.ids):
            return None
        vector = _pooled(np.asarray(self.network(found.ids), np.float64), self.pooling)
        size = float(np.abs(vector).max())
        if not np.isfinite(size):
            raise ModelError("it returns no numbers")
        return Meaning(self.name, np.round(vector / size * 127).astype(np.int8).tobytes()) if size else None


def raised(encoder: Encoder, asked: Said, others: Sequence[Said], odds: NDArray[np.float64]) -> dict[int, float]:
    """Return by how much the log-odds of some of `others` (by place) rise or fall by what they mean.

    The best `LOOKED_AT` are looked at; of those that came without a meaning, `LOOKED_UP` are found out now, so that the
    time is bounded. What means nothing to the encoder is neither raised nor lowered.
    """
    change: dict[int, float] = {}
    one = _meaning(encoder, asked, look=True)
    usual = encoder.usual(language(asked[0])) if one else None
    if one is None or usual is None:
        return change
    left = LOOKED_UP
    for place in np.argsort(-odds, kind="stable")[:LOOKED_AT]:
        text, stored = others[place]
        fresh = not (stored and stored.by == one.by) and not encoder.knows(text)
        other = _meaning(encoder, others[place], look=left > 0)
        left -= fresh
        if other is not None and len(other.values) == len(one.values):
            above = (float(cosines(one, [other])[0]) - usual[0]) / usual[1]
            change[int(place)] = WEIGHT * min(REACH, max(-REACH, above - EVEN))
    return change


def _meaning(encoder: Encoder, said: Said, *, look: bool) -> Meaning | None:
    text, stored = said
    return stored if stored and stored.by == encoder.name else encoder.remembered(text, look=look)


def _unrelated(language: str) -> list[str]:
    return [text.strip() for text in _UNRELATED.get(language, "").strip().replace("\n", "|").split("|") if text.strip()]


def cosines(one: Meaning, others: Sequence[Meaning]) -> NDArray[np.float64]:
    """Return how near each of `others` is to `one` (-1..1); all must be by the same encoder."""
    rows = np.stack([np.frombuffer(meaning.values, np.int8) for meaning in (one, *others)]).astype(float)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows[1:] @ rows[0], np.float64)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Make one ModelError of everything that the libraries raise."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModelError(f"the encoder {folder} needs {error.name}: install triage[semantic]") from error
    except Exception as error:  # the libraries raise bare Exception for a damaged file
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"the encoder {folder} can't be used: {said[0][:200]}") from error


def _load(folder: Path) -> _Loaded:
    if not folder.is_dir():
        raise ModelError("there is no such folder")
    transformer, pooling = _modules(folder)
    tokenizer = _tokenizer(transformer)
    onnx = next((folder / name for name in _ONNX if (folder / name).is_file()), None)
    network = _onnx(onnx) if onnx else Bert.load(transformer)
    name = f"{folder.resolve().name}-{_digest(onnx or transformer / 'model.safetensors')}"
    unknown = next((number for name in ("[UNK]", "<unk>") if (number := tokenizer.token_to_id(name)) is not None), None)
    return _Loaded(name, tokenizer, unknown, network, pooling)


def _modules(folder: Path) -> tuple[Path, str]:
    """Return the folder of the network itself and how its states become one vector: mean, cls or max."""
    stated = folder / "modules.json"
    if not stated.is_file():
        return folder, "mean"
    parts = {one["type"].rpartition(".")[2]: one["path"] for one in json.loads(stated.read_text("utf-8"))}
    if odd := set(parts) - _MODULES:
        raise ModelError(f"it has a part that isn't known: {min(odd)}")
    modes = json.loads((folder / parts["Pooling"] / "config.json").read_text("utf-8")) if "Pooling" in parts else {}
    pooling = next((name for name, mode in _MODES.items() if modes.get(mode)), "mean")
    return folder / parts.get("Transformer", ""), pooling


_MODES = {"cls": "pooling_mode_cls_token", "max": "pooling_mode_max_tokens", "mean": "pooling_mode_mean_tokens"}


def _pooled(states: NDArray[np.float64], pooling: str) -> NDArray[np.float64]:
    if states.ndim == 1:  # the network has done it itself
        return states
    return np.asarray({"cls": lambda: states[0], "max": lambda: states.max(0)}.get(pooling, lambda: states.mean(0))())


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_padding()
    made.enable_truncation(max_length=TOKENS)
    return made


def _onnx(file: Path) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the worker has threads of its own
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    wanted = {one.name for one in session.get_inputs()}

    def run(ids: Sequence[int]) -> Floats:
        given = {"input_ids": ids, "attention_mask": [1] * len(ids), "token_type_ids": [0] * len(ids)}
        made = {name: np.array([value], np.int64) for name, value in given.items() if name in wanted}
        return np.asarray(session.run(None, made)[0][0], np.float32)

    return run


def _digest(file: Path) -> str:
    """Return a short digest of a file's size and its ends: enough to tell two encoders apart without reading 500 MB."""
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(0)
        head = opened.read(1 << 16)
        opened.seek(max(0, size - (1 << 16)))
        return hashlib.sha256(b"%d" % size + head + opened.read()).hexdigest()[:8]
