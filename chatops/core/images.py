"""Pictures from outside: what they are, and whether one may show them."""

import io
from typing import Final

from PIL import Image, ImageOps

from chatops.xmpp.errors import NotAcceptable

TYPES: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
MOST_PIXELS = 2_048 * 2_048  # of a picture that is shown as it came
MOST_PIXELS_UPLOADED = 30_000_000  # of one that is made smaller: what cameras take
AVATAR_SIDE = 256

# What Pillow raises over bytes that somebody made up.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError, MemoryError)


class NoPicture(NotAcceptable):
    """That is no picture in PNG, JPEG, GIF or WebP."""


class PictureTooLarge(NotAcceptable):
    """That picture has too many pixels."""


def type_of(data: bytes) -> str:
    """The media type of a picture that can be shown as it is; '' where it cannot."""
    try:
        with Image.open(io.BytesIO(data), formats=tuple(TYPES)) as image:
            if image.width * image.height > MOST_PIXELS:
                return ""
            image.load()
            return TYPES[image.format or ""]
    except (*_BROKEN, Image.DecompressionBombError):
        return ""


def avatar_from(data: bytes) -> tuple[str, bytes]:
    """A small square-ish picture made of an uploaded one: its type and bytes.

    It is written anew, so nothing of the file but what one sees stays: no place, no camera.
    Raises NoPicture or PictureTooLarge.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(TYPES)) as image:
            if image.width * image.height > MOST_PIXELS_UPLOADED:
                raise PictureTooLarge
            image.draft("RGB", (2 * AVATAR_SIDE, 2 * AVATAR_SIDE))  # JPEGs are read smaller
            upright = ImageOps.exif_transpose(image)
            shown = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            shown.thumbnail((AVATAR_SIDE, AVATAR_SIDE))
            return _written(shown)
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise NoPicture from error


def _written(image: Image.Image) -> tuple[str, bytes]:
    out = io.BytesIO()
    if image.mode == "RGBA":
        image.save(out, "PNG", optimize=True)
        return TYPES["PNG"], out.getvalue()
    image.save(out, "JPEG", quality=88)
    return TYPES["JPEG"], out.getvalue()
