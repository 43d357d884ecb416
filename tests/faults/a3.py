"""A3: odd files among the images and masks: right, left alone, or refused by name; nothing hangs."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from faults import made
from faults.product import refused
from faults.suite import Injection, Silent, Unnamed

IMAGE, MASK = Path("raw/images/i00.png"), Path("raw/masks/i00.png")
MUST, MAY, NEVER = "must be refused", "right or refused", "must be right"


def injections(seed: int) -> list[Injection]:
    return [Injection(f"{title} ({rule})", lambda title=title: odd(title, seed)) for title, (_, rule) in FILES.items()]


def odd(title: str, seed: int) -> str:
    """Change a healthy project by one file, and prepare it: what is learned from stays the same, or the file is named."""
    act, rule = FILES[title]
    clean = made.base(made.ready)
    number = 4 * (seed % 3)  # one of the PNG images, always under the name of the first
    if number:
        for folder in ("images", "masks"):
            os.replace(f"raw/{folder}/i{number:02}.png", f"raw/{folder}/i00.png")
        made.prepared("clean")
        clean = made.values_of("clean")
    path = act(*made.pair(number))
    said = made.prepared("again")
    if said.code:
        if rule == NEVER:
            raise Unnamed(f"refused what is right: {said.text[-800:]}")
        return refused(said, path.name)
    found = made.values_of("again")
    differ = [key for key in clean if clean[key] != found.get(key)]
    if rule == MUST or differ not in ([], ["image i00"]) or (differ and not _alike(made.pair(number), title)):
        raise Silent(f"{path} was taken, other values in {differ}: {said.text[-500:]}")
    return "survived"


def _alike(pair: tuple[np.ndarray, np.ndarray], title: str) -> bool:
    """Whether the image that was prepared is what a viewer shows of these, up to the noise of JPEG."""
    if title not in LOOKS:
        return False
    with Image.open("again/images/i00.png") as prepared:
        return np.abs(np.array(prepared).astype(int) - LOOKS[title](*pair)).mean() < 8


def _bytes(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _put(path: Path, pixels: np.ndarray, **options) -> Path:
    return made.save(path, pixels, **options)


def _instead(path: Path, make: Callable[[Path], object]) -> Path:
    path.unlink()
    make(path)
    return path


def _as(end: str, pixels: np.ndarray, mode: str | None = None, **options) -> Path:
    """The first image in another format or colour mode."""
    IMAGE.unlink()
    path = IMAGE.with_suffix(end)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def _frames(path: Path, image: np.ndarray, **options) -> Path:
    path = _instead_of(IMAGE, path)
    frames = [Image.fromarray(image), Image.fromarray(255 - image)]
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


def _instead_of(old: Path, new: Path) -> Path:
    old.unlink()
    return new


def _tiff(image: np.ndarray, **options) -> Path:
    path = _instead_of(IMAGE, IMAGE.with_suffix(".tif"))
    tifffile.imwrite(path, image, **options)
    return path


def _opaque(image: np.ndarray, alpha: int) -> np.ndarray:
    return np.dstack([image, np.full(image.shape[:2], alpha, np.uint8)])


def _grey_alpha(image: np.ndarray, alpha: int) -> Path:
    IMAGE.unlink()
    grey = Image.fromarray(image).convert("L")
    Image.merge("LA", [grey, Image.new("L", grey.size, alpha)]).save(IMAGE)
    return IMAGE


def _exif(orientation: int) -> Callable:
    """A PNG with an EXIF tag: stored so that it looks as before once it is turned, its mask with the same tag."""

    def act(image: np.ndarray, ids: np.ndarray) -> Path:
        back = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[orientation]
        for path, pixels in ((IMAGE, image), (MASK, ids * np.uint8(255))):
            exif = Image.Exif()
            exif[274] = orientation
            Image.fromarray(_turn(pixels, back)).save(path, exif=exif)
        return IMAGE

    return act


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    ways = [None, None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM]
    ways += [
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
    ]
    way = ways[orientation]
    return np.array(Image.fromarray(pixels).transpose(way)) if way is not None else pixels


def _beside(name: str, content: bytes = b"junk") -> Callable:
    return lambda image, ids: _bytes(Path("raw/images", name), content)


def _far_larger(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[16:24] = (15000).to_bytes(4) + (12000).to_bytes(4)
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4)
    return _bytes(path, bytes(content))


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _linked_folder() -> Path:
    os.rename("raw/images", "elsewhere")
    os.symlink("../elsewhere", "raw/images")
    return Path("raw/images")


def _moved(path: Path) -> Path:
    os.rename(path, "elsewhere.png")
    os.symlink("../../elsewhere.png", path)
    return path


def _closed(path: Path) -> Path:
    path.chmod(0)
    return path


def _circle() -> Path:
    os.symlink(".", "raw/images/more")
    return Path("raw/images/more")


def _grey(image: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return np.array(Image.fromarray(np.repeat(image[..., :1], 3, 2)).convert("L").convert("RGB"))


LOOKS: dict[str, Callable] = {  # where the pixels of the image cannot be those of its PNG
    "a JPEG called .png": lambda image, ids: image,
    "MPO with its preview": lambda image, ids: image,
    "YCbCr TIFF": lambda image, ids: image,
    "grey with opaque alpha": _grey,
    "1-bit image": lambda image, ids: np.dstack([ids * np.uint8(255)] * 3),
}
FILES: dict[str, tuple[Callable[[np.ndarray, np.ndarray], Path], str]] = {
    "an image of 0 bytes": (lambda image, ids: _bytes(IMAGE, b""), MUST),
    "a mask of 0 bytes": (lambda image, ids: _bytes(MASK, b""), MUST),
    "text called .png": (lambda image, ids: _bytes(IMAGE, b"to do\n" * 50), MUST),
    "a web page called .jpg": (
        lambda image, ids: _bytes(_instead_of(IMAGE, IMAGE.with_suffix(".jpg")), b"<html>"),
        MUST,
    ),
    "a JPEG called .png": (lambda image, ids: _put(IMAGE, image, format="JPEG", quality=95), MAY),
    "a text called .png among masks": (lambda image, ids: _bytes(MASK, b"cell\n" * 50), MUST),
    "zeros of the right length": (lambda image, ids: _bytes(MASK, bytes(MASK.stat().st_size)), MUST),
    "garbage behind the end of a PNG": (lambda image, ids: _bytes(IMAGE, IMAGE.read_bytes() + b"\0" * 99), MAY),
    "a folder called i99.png": (lambda image, ids: _folder(Path("raw/images/i99.png")), MUST),
    "a link to nothing": (lambda image, ids: _instead(IMAGE, lambda p: p.symlink_to("nowhere.png")), MUST),
    "a link to itself": (lambda image, ids: _instead(IMAGE, lambda p: p.symlink_to(p.name)), MUST),
    "a link to nothing among masks": (lambda image, ids: _instead(MASK, lambda p: p.symlink_to("nowhere.png")), MUST),
    "a link to a good file": (lambda image, ids: _moved(IMAGE), NEVER),
    "a folder behind a link": (lambda image, ids: _linked_folder(), NEVER),
    "a pipe called .png": (lambda image, ids: _instead(IMAGE, os.mkfifo), MUST),
    "a pipe among masks": (lambda image, ids: _instead(MASK, os.mkfifo), MUST),
    "a file without rights": (lambda image, ids: _closed(IMAGE), MAY),
    "images in a circle of folders": (lambda image, ids: _circle(), NEVER),
    ".DS_Store": (_beside(".DS_Store"), NEVER),
    "Thumbs.db": (_beside("Thumbs.db"), NEVER),
    "desktop.ini": (_beside("desktop.ini"), NEVER),
    "._i00.png of a Mac": (_beside("._i00.png"), NEVER),
    ".ipynb_checkpoints": (_beside(".ipynb_checkpoints/i00-checkpoint.png"), NEVER),
    "__MACOSX": (_beside("__MACOSX/._i00.png"), NEVER),
    "a note for colleagues": (_beside("README.txt"), MAY),
    "a backup i00.png~": (_beside("i00.png~"), MAY),
    "a half copy i00.png.part": (_beside("i00.png.part"), MAY),
    "an archive": (_beside("i99.zip", b"PK\3\4"), MAY),
    "an array .npy": (_beside("i99.npy"), MUST),
    "DICOM": (_beside("i99.dcm"), MUST),
    "WebP": (_beside("i99.webp"), MUST),
    "GIF": (lambda image, ids: _frames(IMAGE.with_suffix(".gif"), image), MUST),
    "a GIF called .png": (lambda image, ids: _frames(IMAGE, image, format="GIF"), MUST),
    "APNG": (lambda image, ids: _frames(IMAGE, image), MUST),
    "TIFF of two pages": (lambda image, ids: _frames(IMAGE.with_suffix(".tif"), image), MUST),
    "MPO with its preview": (
        lambda image, ids: _frames(IMAGE.with_suffix(".jpg"), image, format="MPO", quality=95),
        MAY,
    ),
    "CMYK JPEG": (lambda image, ids: _as(".jpg", image, "CMYK"), MUST),
    "CMYK TIFF": (lambda image, ids: _as(".tif", image, "CMYK"), MUST),
    "YCbCr TIFF": (lambda image, ids: _as(".tif", image, "YCbCr"), MAY),
    "LAB TIFF": (lambda image, ids: _as(".tif", image, "LAB"), MUST),
    "RGBA, opaque": (lambda image, ids: _put(IMAGE, _opaque(image, 255)), NEVER),
    "RGBA, transparent": (lambda image, ids: _put(IMAGE, _opaque(image, 9)), MUST),
    "grey with opaque alpha": (lambda image, ids: _grey_alpha(np.repeat(image[..., :1], 3, 2), 255), MAY),
    "grey with transparent alpha": (lambda image, ids: _grey_alpha(image, 9), MUST),
    "RGB and near infrared": (
        lambda image, ids: _tiff(_opaque(image, 200), photometric="rgb", extrasamples=["unspecified"]),
        MUST,
    ),
    "16 bits beside 8": (lambda image, ids: _tiff(image.astype(np.uint16) * 257), MUST),
    "16 bits, big endian": (lambda image, ids: _tiff(image[..., 0].astype(np.uint16) * 257, byteorder=">"), MUST),
    "32 bits": (lambda image, ids: _tiff(image.astype(np.uint32)), MUST),
    "floats with NaN": (lambda image, ids: _tiff(np.where(ids > 0, np.nan, 1).astype(np.float32)), MUST),
    "floats with Inf": (lambda image, ids: _tiff(np.where(ids > 0, np.inf, 1).astype(np.float32)), MUST),
    "signed numbers": (lambda image, ids: _tiff(image.astype(np.int16)), MUST),
    "BigTIFF": (lambda image, ids: _tiff(image, bigtiff=True), MAY),
    "tiled TIFF": (lambda image, ids: _tiff(image, tile=(16, 16)), NEVER),
    "TIFF with LZW": (lambda image, ids: _as(".tif", image, compression="tiff_lzw"), NEVER),
    "TIFF with planes": (
        lambda image, ids: _tiff(np.moveaxis(image, 2, 0), photometric="rgb", planarconfig="separate"),
        MAY,
    ),
    "180 megapixels in the header": (lambda image, ids: _far_larger(IMAGE), MUST),
    "1-bit image": (lambda image, ids: _as(".png", ids * np.uint8(255), "1"), MAY),
    "mask as JPEG": (lambda image, ids: _put(_instead_of(MASK, MASK.with_suffix(".jpg")), ids * np.uint8(255)), MUST),
    "mask as float": (
        lambda image, ids: (
            tifffile.imwrite(_instead_of(MASK, MASK.with_suffix(".tif")), ids.astype(np.float32))
            or MASK.with_suffix(".tif")
        ),
        MUST,
    ),
    "mask RGBA, opaque": (lambda image, ids: _put(MASK, _opaque(np.dstack([ids * np.uint8(255)] * 3), 255)), MAY),
    "mask RGBA, transparent": (lambda image, ids: _put(MASK, _opaque(np.dstack([ids * np.uint8(255)] * 3), 9)), MUST),
    **{f"EXIF orientation {n}": (_exif(n), MAY) for n in range(1, 9)},
}
