"""Reading an LMDB without mapping it into memory, so that a damaged one is an error and never the end of the process.

The LMDB library trusts the numbers in the file: where one of them leads out of it, the process dies. Here each is
checked before it is followed. Format: LMDB 0.9 on 64 bits, little-endian, which is what every Caffe has written. A B+
tree of pages has the records in the order of their keys; a value that is too large for a page has pages of its own.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from cafflite.errors import CaffliteError, DataError
from cafflite.files import reason

_PAGE = struct.Struct("<8xHHHH")  # number of the page, padding, flags, lower and upper end of its free space
_META = struct.Struct("<II16x")  # magic, version; address and size of the map
_TREE = struct.Struct("<IHHQQQQQ")  # page size, flags, depth, counts of branch, leaf and overflow pages, records, root
_ENDS = struct.Struct("<QQ")  # last page, number of the transaction
_NODE = struct.Struct("<HHHH")  # two halves of a size or page number, flags, size of the key
_NUMBER = struct.Struct("<Q")

_MAGIC = 0xBEEFC0DE
_BRANCH, _LEAF, _META_PAGE = 1, 2, 8  # flags of a page
_OWN_PAGES = 1  # flag of a node whose value lies in pages of its own
_LARGEST = 2**31 - 1  # bytes in a value; no message of Protocol Buffers is larger


class _Meta(NamedTuple):
    transaction: int
    page_size: int
    flags: int
    depth: int
    records: int
    root: int
    last_page: int


class LmdbReader:
    """The records of an LMDB, in the order of their keys; `count` is their number.

    Nothing is locked and nothing written. Raises DataError for a file that is damaged, cut off or empty.
    """

    def __init__(self, source: str | os.PathLike[str]) -> None:
        self.source = str(source)
        path = os.path.join(source, "data.mdb")
        try:
            self._file = open(path, "rb")
        except OSError as error:
            raise DataError(f"the LMDB cannot be read: {reason(error)}").at(self.source) from error
        try:
            self._size = os.path.getsize(path)
            self._meta = self._newest_meta()
            self.count = self._meta.records
            if self._size < (self._meta.last_page + 1) * self._meta.page_size:
                for _ in self._nodes():  # cut off, unless the pages that are missing at its end are free ones
                    pass
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._file.close()

    def records(self, start: int = 0) -> Iterator[tuple[str, bytes]]:
        """(key, value) of every record from the number `start` on."""
        for number, (key, at, size) in enumerate(self._nodes()):
            if number >= start:
                yield key.decode("utf-8", "surrogateescape"), self._read(at, size)

    def _newest_meta(self) -> _Meta:
        first = self._meta_at(0)
        second = self._meta_at(first.page_size)
        meta = max(first, second)
        if meta.page_size != first.page_size or meta.depth > 32:
            raise self._damaged("its two first pages contradict each other")
        if meta.records == 0:
            raise DataError("the LMDB holds no records").at(self.source)
        if meta.flags:
            raise DataError("the LMDB has several values for a key, or another order than Caffe's").at(self.source)
        return meta

    def _meta_at(self, at: int) -> _Meta:
        header = self._read(at, _PAGE.size + _META.size + 2 * _TREE.size + _ENDS.size)
        _, flags, _, _ = _PAGE.unpack_from(header)
        magic, version = _META.unpack_from(header, _PAGE.size)
        if not flags & _META_PAGE or magic != _MAGIC:
            raise self._damaged("it does not begin as an LMDB of a 64-bit system does")
        if version != 1:
            raise DataError(f"the LMDB has format version {version}, expected 1").at(self.source)
        trees = _PAGE.size + _META.size
        page_size, *_ = _TREE.unpack_from(header, trees)
        _, tree_flags, depth, _, _, _, records, root = _TREE.unpack_from(header, trees + _TREE.size)
        last_page, transaction = _ENDS.unpack_from(header, trees + 2 * _TREE.size)
        if not 256 <= page_size <= 65536:
            raise self._damaged(f"its pages have {page_size} bytes")
        return _Meta(transaction, page_size, tree_flags, depth, records, root, last_page)

    def _nodes(self) -> Iterator[tuple[bytes, int, int]]:
        """The key of every record, and where in the file its value lies: its offset and its size."""
        previous = b""
        for key, at, size in self._below(self._meta.root, self._meta.depth):
            if key <= previous:  # this also ends a walk in circles
                raise self._damaged("its keys are out of order")
            previous = key
            yield key, at, size

    def _below(self, page_number: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
        page_size = self._meta.page_size
        page = self._read(page_number * page_size, page_size)
        _, flags, lower, _ = _PAGE.unpack_from(page)
        count = (lower - _PAGE.size) // 2
        if flags & (_BRANCH | _LEAF) != (_LEAF if depth == 1 else _BRANCH) or not 0 < count <= page_size // 2:
            raise self._damaged(f"page {page_number} is not part of its tree")
        for place in struct.unpack_from(f"<{count}H", page, _PAGE.size):
            low, high, node_flags, key_size = self._unpack(_NODE, page, place)
            if depth > 1:
                yield from self._below(low | high << 16 | node_flags << 32, depth - 1)
                continue
            value = place + _NODE.size + key_size
            size = low | high << 16
            if node_flags & ~_OWN_PAGES or size > _LARGEST or value > page_size:
                raise self._damaged(f"a record in page {page_number} is not one of Caffe's")
            at = page_number * page_size + value
            if node_flags & _OWN_PAGES:
                (own_page,) = self._unpack(_NUMBER, page, value)
                at = own_page * page_size + _PAGE.size
            if at + size > self._size:
                raise self._cut_off()
            yield page[place + _NODE.size : value], at, size

    def _unpack(self, layout: struct.Struct, page: bytes, at: int) -> tuple[int, ...]:
        if at + layout.size > len(page):
            raise self._damaged("a record reaches beyond its page")
        return layout.unpack_from(page, at)

    def _read(self, at: int, size: int) -> bytes:
        if at + size > self._size:
            raise self._cut_off()
        try:
            self._file.seek(at)
            content = self._file.read(size)
        except OSError as error:
            raise DataError(f"the LMDB cannot be read: {reason(error)}").at(self.source) from error
        if len(content) != size:
            raise self._cut_off()
        return content

    def _cut_off(self) -> CaffliteError:
        return self._damaged(f"data.mdb ends after {self._size} bytes, which is too early; copy or make it again")

    def _damaged(self, why: str) -> CaffliteError:
        return DataError(f"the LMDB is damaged: {why}").at(self.source)
