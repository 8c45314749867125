"""JPEG and PNG as the server takes them: libvips of the same number, the same steps, the same limits, the same words."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyvips

from .about import ABOUT, RecordInvalid

Record = bytes | Mapping[str, bytes | str]
"""The bytes of a JPEG or PNG, alone or under ``picture``; there they may also be base64 or a data URL."""

ROWS_PER_RUN = 32
"""What a model takes in memory depends on it."""

_MOST_BYTES = 16 * 1024 * 1024
_MOST_PIXELS = 50_000_000
"""Width × height as the file says, before anything is decoded."""

_IMAGE: dict[str, Any] = ABOUT["image"]
_WIDTH: int = _IMAGE["width"]
_HEIGHT: int = _IMAGE["height"]
_CHANNELS: int = _IMAGE["channels"]


def _scaled(channel: int) -> np.ndarray:
    """What each of the 256 values of a channel becomes."""
    means, deviations = _IMAGE["mean"], _IMAGE["std"]
    mean = means[channel] if channel < len(means) else means[0]
    deviation = deviations[channel] if channel < len(deviations) else deviations[0]
    return ((np.arange(256) / 255 - mean) / deviation).astype(np.float32)


_SCALED = np.stack([_scaled(channel) for channel in range(_CHANNELS)])


class PictureRefused(ValueError):
    """A file that is no picture, or none that is taken; nothing of its call was answered."""

    def __init__(self, code: str, status: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.hint = hint


def take(records: Sequence[Record]) -> list[np.ndarray]:
    """The pixels of each picture, height × width × channels."""
    taken = []
    for place, record in enumerate(records):
        data = _bytes_of(record, place)
        try:
            taken.append(_pixels(data))
        except PictureRefused as refused:
            # Among many it has to be said which one.
            if len(records) == 1:
                raise
            raise RecordInvalid(place, "picture", str(refused).removesuffix("."), refused.hint) from refused
    return taken


def feeds(pictures: Sequence[np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    """The input of the graph for some of the pictures."""
    values = np.stack(pictures[start:stop])
    cells = np.stack([_SCALED[channel][values[..., channel]] for channel in range(_CHANNELS)], -1)
    if _IMAGE["layout"] == "NCHW":
        cells = cells.transpose(0, 3, 1, 2)
    return {_IMAGE["input"]: np.ascontiguousarray(cells)}


_DATA_URL = re.compile(r"data:image/[a-z]+;base64,")


def _bytes_of(record: Any, place: int) -> bytes:
    value = record.get("picture") if isinstance(record, Mapping) else record
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str) and value:
        text = _DATA_URL.sub("", value, count=1)
        if len(text) <= _MOST_BYTES * 1.4:
            try:
                return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            except binascii.Error:
                pass
    raise RecordInvalid(
        place,
        "picture",
        "the picture is missing" if value is None else "it is no base64",
        'Send the bytes of a JPEG or PNG as the body, or in base64 under "picture".',
    )


def _pixels(data: bytes) -> np.ndarray:
    if len(data) > _MOST_BYTES:
        raise _too_large(f"{len(data)} bytes, {_MOST_BYTES} are allowed")
    kind = _kind(data)
    try:
        picture = _resized(data, kind)
        values = np.frombuffer(picture.write_to_memory(), np.uint8)
    except pyvips.Error as error:
        reason = (error.detail or error.message).strip().split("\n", 1)[0]
        raise _broken(reason.removesuffix(".")[:200]) from error
    if picture.bands != _CHANNELS:
        raise _broken(f"it has {picture.bands} channels where {_CHANNELS} are expected")
    return values.reshape(_HEIGHT, _WIDTH, _CHANNELS)


def _resized(data: bytes, kind: str) -> pyvips.Image:
    """The steps of sharp, which the server decodes with, in their order: where it rounds, this rounds."""
    options = {"access": "sequential", "fail_on": "error"}
    picture = pyvips.Image.new_from_buffer(data, "", **options)
    if picture.width * picture.height > _MOST_PIXELS:
        raise _too_large(f"{picture.width} × {picture.height} pixels, {_MOST_PIXELS} are allowed")
    angle, mirrored = _upright(picture)
    # It is turned after it was made small.
    width, height = (_HEIGHT, _WIDTH) if angle in ("d90", "d270") else (_WIDTH, _HEIGHT)
    shrink = min(_shrink(picture, width, height))
    on_load = next((each for each in (8, 4, 2) if shrink >= each), 1) if kind == "jpeg" else 1
    if on_load > 1 and int(shrink) == on_load:
        on_load //= 2
    if on_load > 1:
        picture = pyvips.Image.jpegload_buffer(data, shrink=on_load, **options)
    across, down = _shrink(picture, width, height)
    picture = _in_srgb(picture)
    if picture.hasalpha():
        picture = picture.flatten(background=[255 * (256 if _is_16_bit(picture) else 1)] * 3)
    if across != 1 or down != 1:
        picture = picture.resize(1 / across, vscale=1 / down, kernel="lanczos3")
    if angle != "d0":
        picture = picture.copy_memory().rot(angle)
    if mirrored:
        picture = picture.fliphor()
    picture = _framed(picture)
    wanted = "b-w" if _CHANNELS == 1 else "srgb"
    if _is_16_bit(picture):
        picture = picture.cast("ushort")
    if picture.interpretation != wanted:
        picture = picture.colourspace(wanted, source_space=picture.interpretation)
    if _CHANNELS == 1 and picture.bands > 1:
        picture = picture[0]
    return picture if picture.format == "uchar" else picture.cast("uchar")


def _upright(picture: pyvips.Image) -> tuple[str, bool]:
    """How far a picture has to be turned, and whether it is mirrored then, by EXIF's orientation."""
    orientation = picture.get("orientation") if picture.get_typeof("orientation") else 1
    angles = {6: "d90", 5: "d90", 3: "d180", 4: "d180", 8: "d270", 7: "d270"}
    return angles.get(orientation, "d0"), orientation in (2, 4, 5, 7)


def _shrink(picture: pyvips.Image, width: int, height: int) -> tuple[float, float]:
    across, down = picture.width / width, picture.height / height
    if _IMAGE["fit"] == "cover":
        across = down = min(across, down)
    elif _IMAGE["fit"] == "contain":
        across = down = max(across, down)
    return min(across, float(picture.width)), min(down, float(picture.height))


def _in_srgb(picture: pyvips.Image) -> pyvips.Image:
    space = picture.interpretation
    profile = "p3" if space == "rgb16" else "srgb"
    if picture.get_typeof("icc-profile-data") and space not in ("labs", "grey16"):
        try:
            depth = 16 if _is_16_bit(picture) else 8
            return picture.icc_transform(profile, embedded=True, depth=depth, intent="perceptual")
        except pyvips.Error:
            # A profile that is none: the server takes the values as they are, too.
            return picture
    if space == "cmyk":
        return picture.icc_transform(profile, input_profile="cmyk", intent="perceptual")
    return picture


def _is_16_bit(picture: pyvips.Image) -> bool:
    return picture.interpretation in ("rgb16", "grey16")


def _framed(picture: pyvips.Image) -> pyvips.Image:
    """The middle of what is too large, black bars beside what is too small."""
    width, height = picture.width, picture.height
    if (width, height) == (_WIDTH, _HEIGHT):
        return picture
    if _IMAGE["fit"] == "contain":
        left, top = int((_WIDTH - width) / 2), int((_HEIGHT - height) / 2)
        size = max(width, _WIDTH), max(height, _HEIGHT)
        black = [0] * picture.bands
        return picture.embed(left, top, *size, extend="background", background=black)
    size = min(width, _WIDTH), min(height, _HEIGHT)
    return picture.extract_area((width - size[0] + 1) // 2, (height - size[1] + 1) // 2, *size)


_FOREIGN = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"%PDF", "a PDF"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"PK\x03\x04", "a zip archive"),
)


def _kind(data: bytes) -> str:
    """A name proves nothing: what a file is, its first bytes tell."""
    if not data:
        raise _broken("it has no bytes")
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    known = next((kind for start, kind in _FOREIGN if data.startswith(start)), None)
    raise PictureRefused(
        "ORRERY_PICTURES_KIND_REFUSED",
        415,
        f"This is {known or _foreign_text(data[:256])}, not a JPEG or PNG picture.",
        "Send JPEG or PNG; a camera and every picture library can write them.",
    )


def _foreign_text(start: bytes) -> str:
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "a WebP picture"
    if re.match(rb"....ftyp(avif|avis)", start, re.DOTALL):
        return "an AVIF picture"
    if re.match(rb"....ftyp", start, re.DOTALL):
        return "a HEIF picture or a film"
    if re.search(rb"<svg[\s>]", start, re.IGNORECASE) or re.match(rb"\s*<\?xml", start):
        return "an SVG or other XML"
    return "JSON" if re.match(rb"\s*[\[{]", start) else "nothing that is known here"


def _too_large(reason: str) -> PictureRefused:
    return PictureRefused(
        "ORRERY_PICTURES_TOO_LARGE",
        413,
        f"The picture is too large: {reason}.",
        "Scale it down before sending; the model sees a small version of it anyway.",
    )


def _broken(reason: str) -> PictureRefused:
    return PictureRefused(
        "ORRERY_PICTURES_BROKEN",
        422,
        f"The picture cannot be decoded: {reason}.",
        "Check that all of the file was sent; open it in a viewer.",
    )
