"""Merkle trees of RFC 6962, section 2: roots, proofs that an entry is included, proofs that a log only grew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry; the leading 0x00 keeps a leaf from passing for a node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to add entries and name the root, in O(log n) memory."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Take in the hash of the next entry."""
        self._peaks.append(leaf)
        filled = self.size
        while filled & 1:
            right = self._peaks.pop()
            self._peaks.append(node_hash(self._peaks.pop(), right))
            filled >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The root of everything added so far; of an empty tree, the hash of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over hashes of entries."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The neighbours that lead from entry `index` to the root, from the leaf upwards (RFC 6962, 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no entry {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(index, leaves[:split]), root_of(leaves[split:])]
    return [*inclusion_proof(index - split, leaves[split:]), root_of(leaves[:split])]


def root_by_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The root that `proof` leads to (RFC 9162, 2.1.3.2), or None when it cannot be a proof for that place."""
    if not 0 <= index < size:
        return None
    number, last, root = index, size - 1, leaf
    for neighbour in proof:
        if last == 0:
            return None
        if number & 1 or number == last:
            root = node_hash(neighbour, root)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            root = node_hash(root, neighbour)
        number, last = number >> 1, last >> 1
    return root if last == 0 else None


def consistency_proof(first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """What shows that the tree over `leaves` continues the tree over its first `first` (RFC 6962, 2.1.2)."""
    if not 0 < first <= len(leaves):
        raise IndexError(f"no tree of {first} in a tree of {len(leaves)}")
    return _subproof(first, leaves, whole=True)


def _subproof(first: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*_subproof(first, leaves[:split], whole=whole), root_of(leaves[split:])]
    return [*_subproof(first - split, leaves[split:], whole=False), root_of(leaves[:split])]


def is_consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the second tree continues the first (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    number, last = first - 1, second - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = path[0]
    for neighbour in path[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = node_hash(neighbour, old), node_hash(neighbour, new)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            new = node_hash(new, neighbour)
        number, last = number >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
