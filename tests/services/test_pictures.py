"""Pictures: believed after decoding only, stored without what they tell in secret."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.fakes.clock import START
from triage.db.tables import Attachment, Feedback
from triage.errors import InvalidError
from triage.services import pictures
from triage.services.pictures import Picture, keep, path, read, store

LIMIT = 1024 * 1024
# Pillow warns of damaged EXIF; pictures that lie are what these tests are about
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def drawn(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (40, 30), **more: Any) -> bytes:
    """A picture whose left half is dark and whose right half is light."""
    image = Image.linear_gradient("L").rotate(90).resize(size).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def taken(data: bytes, limit: int = LIMIT) -> Picture:
    return read(io.BytesIO(data), limit=limit)


def shown(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(taken(data).data))


def refused(data: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(InvalidError) as caught:
        taken(data, limit)
    assert caught.value.field == "picture"
    return caught.value.code


@pytest.fixture
def feedback(session: Session) -> Feedback:
    return factories.feedback(session, factories.project(session))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "uploads"
    made.mkdir()
    return made


@pytest.mark.parametrize(
    ("kind", "media_type", "suffix"),
    [
        ("PNG", "image/png", "png"),
        ("JPEG", "image/jpeg", "jpg"),
        ("WEBP", "image/webp", "webp"),
        ("GIF", "image/png", "png"),
        ("MPO", "image/jpeg", "jpg"),
    ],
)
def test_kinds(kind: str, media_type: str, suffix: str) -> None:
    picture = taken(drawn(kind))
    assert picture.media_type == media_type
    assert picture.name.endswith(f".{suffix}")
    assert Image.open(io.BytesIO(picture.data)).size == (40, 30)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_way_to_store_pixels_in_png(mode: str) -> None:
    assert shown(drawn(mode="L" if mode == "I;16" else mode)).mode in {"L", "RGB", "RGBA"}


def test_what_is_transparent_stays_so() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    out = io.BytesIO()
    clear.save(out, "PNG")
    assert shown(out.getvalue()).getpixel((0, 0)) == (255, 0, 0, 0)


def test_colours_for_print_become_colours_for_screens() -> None:
    assert shown(drawn("JPEG", "CMYK")).mode == "RGB"


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert shown(out.getvalue()).convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def secrets() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[2] = (31.0, 14.0, 5.0)  # where on earth
    return exif


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_nothing_is_left_but_the_pixels(kind: str) -> None:
    data = drawn(kind, exif=secrets(), **({"comment": b"taken at home"} if kind == "JPEG" else {}))
    assert b"taken at home" in data
    picture = taken(data)
    assert b"taken at home" not in picture.data
    assert not Image.open(io.BytesIO(picture.data)).getexif()


def test_profiles_and_notes_are_left_behind() -> None:
    from PIL import ImageCms, PngImagePlugin

    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "taken at home")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert shown(drawn(pnginfo=notes, icc_profile=profile)).info == {}


def test_what_hangs_behind_the_picture_is_left_behind() -> None:
    assert b"<script>" not in taken(drawn("JPEG") + b"<script>alert(1)</script>").data


@pytest.mark.parametrize(("turn", "size"), [(1, (40, 30)), (3, (40, 30)), (6, (30, 40)), (8, (30, 40))])
def test_a_photograph_stands_upright(turn: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    assert shown(drawn("JPEG", exif=exif)).size == size


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("exif", [b"II*\x00\xff\xff\xff\xff", b"no TIFF at all", b"MM\x00*\x00\x00\x00\x08\xff\xff"])
def test_damaged_exif_costs_nothing_but_itself(kind: str, exif: bytes) -> None:
    assert shown(drawn(kind, exif=b"Exif\x00\x00" + exif)).size == (40, 30)


def other(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0" + b"\x00" * 100,
        b"GIF89a" + b"<script>" * 9,
        b"MZ" + b"\x00" * 200,
        drawn()[:-40],
        drawn("JPEG")[:200],
        other("BMP"),
        other("TIFF"),
        other("PPM"),
        other("ICO"),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert refused(data) == "picture_type"


def test_nothing_is_no_picture() -> None:
    assert refused(b"") == "picture_empty"


def test_a_large_file_is_refused_without_being_read_whole() -> None:
    stream = io.BytesIO(b"x" * 10_000)
    with pytest.raises(InvalidError) as caught:
        read(stream, limit=1_000)
    assert (caught.value.code, stream.tell()) == ("picture_too_big", 1_001)


def test_a_file_of_exactly_the_limit_is_taken() -> None:
    data = drawn()
    assert taken(data, len(data))
    assert refused(data, len(data) - 1) == "picture_too_big"


def bomb(width: int, height: int) -> bytes:
    """A picture that says it is huge, in some bytes."""
    small = drawn(mode="L", size=(1, 1))
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + small[24:29]
    import zlib

    checksum = zlib.crc32(b"IHDR" + header).to_bytes(4, "big")
    return small[:16] + header + checksum + small[33:]


@pytest.mark.parametrize(("width", "height"), [(6_000, 4_001), (12_000, 12_000), (60_000, 60_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    assert refused(bomb(width, height)) == "picture_pixels"


def test_the_largest_that_is_taken() -> None:
    data = drawn("JPEG", "L", (6_000, 4_000))
    assert taken(data, len(data)).media_type == "image/jpeg"


def test_the_file_is_there_and_the_row_says_what_it_is(session: Session, feedback: Feedback, folder: Path) -> None:
    row = keep(session, feedback, io.BytesIO(drawn()), folder=folder, limit=LIMIT, now=START)
    session.commit()
    assert session.scalars(select(Attachment)).one().feedback_id == feedback.id
    assert (row.media_type, row.created_at) == ("image/png", START)
    assert path(folder, row).stat().st_size == row.size
    assert [file.name for file in folder.rglob("*") if file.is_file()] == [row.name]


def test_the_same_picture_is_one_file(session: Session, feedback: Feedback, folder: Path) -> None:
    one, two = (store(session, feedback, taken(drawn()), folder=folder, now=START) for _ in range(2))
    assert one.name == two.name
    assert len([file for file in folder.rglob("*") if file.is_file()]) == 1
    assert one.id != two.id


def test_a_refused_picture_leaves_nothing(session: Session, feedback: Feedback, folder: Path) -> None:
    with pytest.raises(InvalidError):
        keep(session, feedback, io.BytesIO(b"no"), folder=folder, limit=LIMIT, now=START)
    assert not session.scalars(select(Attachment)).all()
    assert not list(folder.iterdir())


def test_a_file_that_cannot_be_put_in_place_leaves_no_half(
    session: Session, feedback: Feedback, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pictures.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store(session, feedback, taken(drawn()), folder=folder, now=START)
    assert not [file for file in folder.rglob("*") if file.is_file()]
    assert not session.scalars(select(Attachment)).all()


SEEDS = [drawn(kind, mode, (9, 7)) for kind in ("PNG", "GIF", "WEBP") for mode in ("RGB", "P", "RGBA", "L")] + [
    drawn("JPEG", mode, (9, 7), exif=secrets()) for mode in ("RGB", "L", "CMYK")
]


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.integers(0, 600),
)
def test_any_damage_gives_a_picture_or_invalid(data: bytes, changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    try:
        picture = taken(bytes(damaged[: max(length, 1)]))
    except InvalidError as error:
        picture = error
    assert isinstance(picture, InvalidError) or Image.open(io.BytesIO(picture.data)).size
