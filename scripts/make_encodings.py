"""Writes src/git/encoding/tables.bin: the encodings that glibc's iconv knows, and git through it.

    make_encodings.py OUTPUT

Each encoding is asked for every byte, every pair of bytes, and the longer sequences that it has.
Encodings in which ASCII letters have other codes, and those with shift states, are left out.

Format, little-endian: the number of encodings (u16); for each the number of its names (u8), each
name (u8 length, bytes), and the length of its table, deflated and not (u32 each); then the tables,
deflated. A table is a list of entries: length of the sequence (u8), the sequence, padded to 4
bytes, and two code points (u32), the second of which is 0 if there is only one.
"""

import ctypes
import itertools
import pathlib
import re
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.iconv_open.restype = ctypes.c_void_p
LIBC.iconv_open.argtypes = [ctypes.c_char_p] * 2
LIBC.iconv.restype = ctypes.c_size_t
LIBC.iconv.argtypes = [ctypes.c_void_p] * 5
LIBC.iconv_close.argtypes = [ctypes.c_void_p]

# Encodings of more than one byte, and the first bytes of their longer sequences.
WIDE = {
    "BIG5": [],
    "BIG5-HKSCS": [],
    "EUC-CN": [],
    "EUC-JP": [b"\x8f"],
    "EUC-JP-MS": [b"\x8f"],
    "EUC-KR": [],
    "EUC-TW": [b"\x8e" + bytes([plane]) for plane in range(0xA1, 0xB1)],
    "GB18030": [],
    "GBK": [],
    "IBM943": [],
    "JOHAB": [],
    "SJIS": [],
    "CP932": [],
    "UHC": [],
}
ERROR = ctypes.c_size_t(-1).value
MOST_POINTS = 2
Entries = dict[bytes, tuple[int, ...]]


class Decoder:
    """One encoding of iconv."""

    def __init__(self, label: str) -> None:
        """Open the encoding; ``LookupError`` if iconv does not have it."""
        self.handle = LIBC.iconv_open(b"UTF-32LE", label.encode())
        if self.handle in (None, ctypes.c_void_p(-1).value):
            raise LookupError(label)
        self.out = ctypes.create_string_buffer(256)

    def decode(self, sequence: bytes) -> tuple[int, ...] | None:
        """Return the code points of a sequence, or None if it is invalid or incomplete."""
        LIBC.iconv(self.handle, None, None, None, None)
        source = ctypes.create_string_buffer(sequence, len(sequence))
        start, left = ctypes.c_void_p(ctypes.addressof(source)), ctypes.c_size_t(len(sequence))
        to, room = ctypes.c_void_p(ctypes.addressof(self.out)), ctypes.c_size_t(256)
        result = LIBC.iconv(self.handle, *map(ctypes.byref, (start, left, to, room)))
        if result == ERROR or left.value:
            return None
        LIBC.iconv(self.handle, None, None, ctypes.byref(to), ctypes.byref(room))
        text = self.out.raw[: 256 - room.value]
        return struct.unpack(f"<{len(text) // 4}I", text)

    def entries(self, sequences: Iterable[bytes]) -> Entries:
        """Decode those sequences that are valid."""
        return {key: found for key in sequences if (found := self.decode(key))}


def groups() -> list[list[str]]:
    """List the names of each encoding that iconv has a module for, the module's own name first."""
    names: dict[str, list[str]] = {}
    for file in sorted(pathlib.Path("/usr/lib").glob("*/gconv/**/gconv-modules*")):
        if file.suffix == ".cache" or file.is_dir():
            continue
        for line in file.read_text().splitlines():
            words = [word.removesuffix("//") for word in line.split()]
            if words[:1] == ["module"] and words[2] == "INTERNAL":
                names.setdefault(words[1], [words[1]])
            elif words[:1] == ["alias"]:
                names.setdefault(words[2], [words[2]]).append(words[1])
    return sorted(names.values())


def longer(label: str) -> Iterator[bytes]:
    """List the sequences of three and four bytes that an encoding may have."""
    for start in WIDE.get(label, []):
        for pair in itertools.product(range(0xA1, 0xFF), repeat=2):
            yield start + bytes(pair)
    if label == "GB18030":
        digits = range(0x30, 0x3A)
        yield from map(
            bytes, itertools.product(range(0x81, 0x85), digits, range(0x81, 0xFF), digits)
        )


def table(label: str) -> Entries | None:
    """Return the entries of an encoding.

    None if its ASCII letters have other codes, or if it has longer sequences that are not in WIDE.
    """
    decoder = Decoder(label)
    entries = decoder.entries(bytes([byte]) for byte in range(256))
    letters = bytes(range(0x20, 0x7F)).translate(None, b"\\~`{|}[]^@#$!")
    if any(entries.get(bytes([byte])) != (byte,) for byte in letters):
        return None
    if label not in WIDE:
        # A byte that starts a sequence looks like an invalid one.
        starts = [byte for byte in range(128, 256) if bytes([byte]) not in entries]
        if decoder.entries(map(bytes, itertools.product(starts, (0x41, 0xA1, 0xC1)))):
            return None
    pairs = decoder.entries(map(bytes, itertools.product(range(256), repeat=2)))
    for key, found in pairs.items():
        if found != entries.get(key[:1], ()) + entries.get(key[1:], ()) or key[:1] not in entries:
            entries[key] = found
    entries |= decoder.entries(longer(label))
    LIBC.iconv_close(decoder.handle)
    return entries


def pack(entries: Entries) -> bytes:
    """Write a table as bytes."""
    packed = b""
    for key, found in sorted(entries.items()):
        points = struct.pack("<II", *found, *[0] * (MOST_POINTS - len(found)))
        packed += bytes([len(key)]) + key.ljust(4, b"\0") + points
    return packed


def main(output: str) -> None:
    """Write the tables."""
    heads, bodies = [], []
    for names in groups():
        label = next((name for name in names if name in WIDE), names[0])
        if re.match(r"UTF|UCS|ISO-10646|INTERNAL|WCHAR|ANSI_X3\.4|ISO-2022|CSISO2022", label):
            continue
        entries = table(label)
        if not entries or any(len(found) > MOST_POINTS for found in entries.values()):
            continue
        packed = pack(entries)
        body = zlib.compress(packed, 9)
        head = bytes([len(names)])
        for name in names:
            head += bytes([len(name)]) + name.encode()
        heads.append(head + struct.pack("<II", len(body), len(packed)))
        bodies.append(body)
        print(label, len(entries), len(body), file=sys.stderr)
    count = struct.pack("<H", len(bodies))
    pathlib.Path(output).write_bytes(count + b"".join(heads) + b"".join(bodies))


if __name__ == "__main__":
    main(sys.argv[1])
