"""The compressions that are read: how each is known, and what takes it apart."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from isal import igzip_lib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# `xz -9` takes 65 MiB. A header may demand 4 GiB, and would get it.
_XZ_MEMORY: Final = 256 << 20
_GZIP_WBITS: Final = 31
_DEFLATE_WBITS: Final = -15


class Decoder(Protocol):
    """Takes one stream apart, as the decompressors of the standard library do."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Zlib:
    """zlib with the face of a Decoder: slow, but what it has read is never held back."""

    def __init__(self, wbits: int) -> None:
        self._stream = zlib.decompressobj(wbits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        plain = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self.needs_input = not self._stream.unconsumed_tail and len(plain) < max_length
        return plain


@dataclass(frozen=True, slots=True)
class Codec:
    """One compression.

    `magics` are the beginnings of its streams. `careful` makes a decoder that gives every byte
    that can be known before a break, where the fast one keeps some to itself.
    """

    name: str
    suffix: str
    magics: tuple[bytes, ...]
    errors: tuple[type[Exception], ...]
    decoder: Callable[[], Decoder]
    careful: Callable[[], Decoder] | None = None

    def begins(self, head: bytes) -> bool:
        """Whether `head` is the beginning of a stream, as far as it goes."""
        return any(magic.startswith(head[: len(magic)]) for magic in self.magics)

    def knows(self, head: bytes) -> bool:
        """Whether `head` begins with all of a stream's magic bytes."""
        return any(head.startswith(magic) for magic in self.magics)


_ISAL_ERROR: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub errs
_INFLATE_ERRORS: Final = (_ISAL_ERROR, zlib.error)

GZIP: Final = Codec(
    "gzip", ".gz", (b"\x1f\x8b",), _INFLATE_ERRORS,
    lambda: igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP), lambda: _Zlib(_GZIP_WBITS),
)  # fmt: skip
#: Only inside of zip archives: it has no beginning of its own.
DEFLATE: Final = Codec(
    "deflate", "", (), _INFLATE_ERRORS,
    lambda: igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE), lambda: _Zlib(_DEFLATE_WBITS),
)  # fmt: skip
XZ: Final = Codec(
    "xz", ".xz", (b"\xfd7zXZ\0",), (lzma.LZMAError,),
    lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY),
)  # fmt: skip
# Frames that only say something to the compressor's friends may come first.
ZSTD: Final = Codec(
    "zstd", ".zst",
    (b"\x28\xb5\x2f\xfd", *(bytes((low,)) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))),
    (zstd.ZstdError,), zstd.ZstdDecompressor,
)  # fmt: skip
# A text may begin with 'BZh9': the magic of the first block, or of the end, belongs to it.
BZIP2: Final = Codec(
    "bzip2", ".bz2",
    tuple(b"BZh%d" % level + block for level in range(1, 10)
          for block in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")),
    (OSError,), bz2.BZ2Decompressor,
)  # fmt: skip
CODECS: Final = (GZIP, XZ, ZSTD, BZIP2)
#: Bytes of a file's beginning that tell every compression.
HEAD_BYTES: Final = max(len(magic) for codec in CODECS for magic in codec.magics)
