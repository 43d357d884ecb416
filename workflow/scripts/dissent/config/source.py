"""Where raw files come from: fetched, or got by the user where a login or a browser is needed."""

from typing import Annotated

from pydantic import Field, PositiveInt

from dissent.config.base import Model

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Archive(Model):
    """A zip archive that holds one folder of the raw files."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+\.zip$")]
    """its file name, below `raw`"""
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    """the one folder it holds"""
    files: PositiveInt
    """images or masks in that folder"""
    bytes: PositiveInt
    """size of the archive"""
    sha256: Hash
    """its digest"""
    urls: Annotated[list[Annotated[str, Field(pattern="^https?://")]], Field(min_length=1)]
    """where it lies; the next is tried when one fails"""


class Fetch(Model):
    """Where the raw files are published, and how to know that they came whole."""

    title: str
    """what is fetched"""
    page: str
    """where a person finds it"""
    licence: str
    """under which licence it stands"""
    archives: Annotated[list[Archive], Field(min_length=1)]
    """the files"""


class Download(Model):
    """A file that a person downloads and unpacks."""

    name: str
    """what it is called"""
    size: str
    """how large it is, in words"""
    folders: Annotated[list[str], Field(min_length=1)]
    """what it leaves below `raw` when it is unpacked there"""


class Obtain(Model):
    """Raw files that are never fetched for the user: what the message says where they lack."""

    title: str
    """what it is"""
    page: str
    """where a person gets it"""
    licence: str
    """under which terms it stands"""
    why: str
    """why it is not fetched"""
    files: Annotated[list[Download], Field(min_length=1)]
    """what to download"""
