"""Pictures that come with feedback: believed only after decoding, stored anew without what they tell in secret."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import tempfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps
from sqlalchemy.orm import Session

from triage.db.tables import Attachment, Feedback
from triage.errors import InvalidError

PIXELS = 24_000_000  # 96 MB decoded; the largest screens have 15 million
READABLE = ("PNG", "JPEG", "WEBP", "GIF")
_WRITTEN = {"JPEG": ("JPEG", "jpg"), "MPO": ("JPEG", "jpg"), "WEBP": ("WEBP", "webp")}  # the rest is written as PNG
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# what Pillow's decoders raise on bytes that lie, each seen under tests
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, struct.error, zlib.error, OverflowError)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was decoded and encoded again: nothing but its pixels is left of what was sent."""

    data: bytes = field(repr=False)
    media_type: str
    name: str


def keep(  # noqa: PLR0913
    session: Session, feedback: Feedback, stream: IO[bytes], *, folder: Path, limit: int, now: datetime
) -> Attachment:
    """Verify the picture in `stream` (at most `limit` bytes), write it into `folder` and add its row to `feedback`.

    Raises InvalidError(field="picture") with code "picture_empty", "picture_too_big", "picture_type" or
    "picture_pixels". A page rather calls `read` before its transaction and `store` inside: decoding takes seconds.
    """
    return store(session, feedback, read(stream, limit=limit), folder=folder, now=now)


def read(stream: IO[bytes], *, limit: int) -> Picture:
    """Return the PNG, JPEG, WebP or GIF (its first frame) in `stream`, upright and without EXIF. Or InvalidError."""
    raw = stream.read(limit + 1)
    if not raw:
        raise _refused("the picture is empty", "picture_empty")
    if len(raw) > limit:
        raise _refused(f"the picture is larger than {limit / 1024 / 1024:.3g} MB", "picture_too_big")
    try:
        return _encoded(*_decoded(raw))
    except _BOMB:
        raise _too_many() from None
    except _BROKEN:
        raise _refused("this is no picture that can be read: PNG, JPEG, WebP or GIF", "picture_type") from None


def store(session: Session, feedback: Feedback, picture: Picture, *, folder: Path, now: datetime) -> Attachment:
    """Write the file, then add the row: a crash between them leaves a file too many, never a row without its file."""
    _write(_place(folder, picture.name), picture.data)
    row = Attachment(
        feedback=feedback, name=picture.name, media_type=picture.media_type, size=len(picture.data), created_at=now
    )
    session.add(row)
    session.flush()
    return row


def path(folder: Path, attachment: Attachment) -> Path:
    """Return where the picture lies below the uploads folder."""
    return _place(folder, attachment.name)


def _place(folder: Path, name: str) -> Path:
    return folder / name[:2] / name


def _decoded(raw: bytes) -> tuple[Image.Image, str]:
    with Image.open(BytesIO(raw), formats=READABLE) as found:
        if found.width * found.height > PIXELS:  # known from the header, before a pixel is unpacked
            raise _too_many()
        kind = found.format or ""
        found.load()
        return _plain(_upright(found), transparent_too=kind not in {"JPEG", "MPO"}), kind


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _BROKEN:  # the pixels are sound and what was said about them is not: shown as it lies
        return image


def _plain(image: Image.Image, *, transparent_too: bool) -> Image.Image:
    """Return the pixels alone; a colour profile goes too, at the cost of a slightly duller photograph."""
    if image.mode not in {"L", "RGB"}:
        image = image.convert("RGBA" if transparent_too and image.has_transparency_data else "RGB")
    image.info = {}
    return image


def _encoded(image: Image.Image, kind: str) -> Picture:
    written, suffix = _WRITTEN.get(kind, ("PNG", "png"))
    out = BytesIO()
    image.save(out, format=written, **({} if written == "PNG" else {"quality": 88}))
    data = out.getvalue()
    return Picture(data, f"image/{written.lower()}", f"{hashlib.sha256(data).hexdigest()}.{suffix}")


def _write(target: Path, data: bytes) -> None:
    """Write under another name and rename: a reader, or a crash, never finds half a picture."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _too_many() -> InvalidError:
    return _refused(f"the picture has more than {PIXELS // 1_000_000} million pixels", "picture_pixels")


def _refused(message: str, code: str) -> InvalidError:
    return InvalidError(message, field="picture", code=code)
