"""Known answers of the standards: RFC 6962 trees, C2SP notes, RFC 8785 JSON. Two implementations must give them."""

from __future__ import annotations

import base64
import hashlib
import random
from pathlib import Path

import pytest

from vidkryto.errors import LedgerError
from vidkryto.record import Checkpoint, Note, SigningKey, VerifierKey, verifier
from vidkryto.record.canonical import canonical
from vidkryto.record.document import filled
from vidkryto.record.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    root_by_inclusion,
    root_of,
)
from vidkryto.record.note import Signature, cosigned

# The eight entries and their roots of the reference implementation of Certificate Transparency (merkle_tree_test).
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ER"
    "YNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_of_certificate_transparency(size: int) -> None:
    """Both the ledger's tree and the verifier's give the reference roots."""
    assert root_of(map(leaf_hash, ENTRIES[:size])).hex() == ROOTS[size - 1]
    assert list(verifier.roots_of(ENTRIES[:size]))[-1].hex() == ROOTS[size - 1]


def test_the_empty_tree() -> None:
    """RFC 6962, 2.1: the hash of an empty string."""
    assert Frontier().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_known_proofs_of_certificate_transparency() -> None:
    """The reference's paths for entry 1 of 8, and from 6 to 8 entries."""
    leaves = [leaf_hash(entry) for entry in ENTRIES]
    assert [part.hex() for part in inclusion_proof(0, leaves)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [part.hex() for part in consistency_proof(6, leaves)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_every_proof_of_small_trees_holds_and_no_spoilt_one_does() -> None:
    """All sizes to 20: inclusion and consistency hold; one flipped bit, one part more or less, and they do not."""
    chance = random.Random(6962)
    leaves = [leaf_hash(bytes([number])) for number in range(20)]
    for size in range(1, 21):
        root = root_of(leaves[:size])
        for index in range(size):
            proof = inclusion_proof(index, leaves[:size])
            assert root_by_inclusion(index, size, leaves[index], proof) == root
            assert root_by_inclusion(index, size, leaves[index], [*proof, root]) != root
            if proof:
                assert root_by_inclusion(index, size, leaves[index], _spoilt(proof, chance)) != root
        for first in range(1, size + 1):
            older, proof = root_of(leaves[:first]), consistency_proof(first, leaves[:size])
            assert is_consistent(first, older, size, root, proof)
            assert not is_consistent(first, hashlib.sha256(older).digest(), size, root, proof)
            if proof:
                assert not is_consistent(first, older, size, root, _spoilt(proof, chance))
                assert not is_consistent(first, older, size, root, proof[:-1])


def _spoilt(proof: list[bytes], chance: random.Random) -> list[bytes]:
    place = chance.randrange(len(proof))
    changed = bytearray(proof[place])
    changed[chance.randrange(32)] ^= 1 << chance.randrange(8)
    return [*proof[:place], bytes(changed), *proof[place + 1 :]]


def test_the_example_of_signed_note() -> None:
    """The worked example of C2SP signed-note verifies; with one letter changed it does not."""
    key = VerifierKey.parse(EXAMPLE_KEY)
    assert str(key) == EXAMPLE_KEY
    assert Note.parse(EXAMPLE_NOTE).signed_by(key)
    assert str(Note.parse(EXAMPLE_NOTE)) == EXAMPLE_NOTE
    assert not Note.parse(EXAMPLE_NOTE.replace("example message", "exemple message")).signed_by(key)


def test_the_example_of_gos_note_package() -> None:
    """A private key written by Go signs the same bytes here (Ed25519 is deterministic)."""
    key = SigningKey.parse(PETER_PRIVATE)
    text = PETER_NOTE.partition("\n\n")[0] + "\n"
    assert str(key.verifier()) == PETER_PUBLIC
    line = Signature(key.name, key.verifier().identifier, key.sign(text.encode()))
    assert str(Note(text, (line,))) == PETER_NOTE


def test_the_example_checkpoint_and_its_cosigner_line_read_back_unchanged() -> None:
    """The example of C2SP tlog-cosignature: three lines, two signatures, the witness' time 1679315147."""
    written = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo"
        "+zyWE+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJ"
        "sX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    note = Note.parse(written)
    assert str(note) == written
    assert Checkpoint.parse(note.text).size == 20852163
    assert int.from_bytes(note.signatures[1].content[:8]) == 1679315147
    assert verifier.Checkpoint.parse(written).size == 20852163


def test_a_cosigners_key_of_another_implementation() -> None:
    """Key identifier of kind 4, from the tests of transparency-dev/formats."""
    text = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    assert str(VerifierKey.parse(text)) == text
    assert verifier.parse_key(text)[:2] == ("remora.n621.de", 4)


def test_a_cosignature_states_its_time() -> None:
    """Signed with time 1679315147, read back with it; another time or text does not verify."""
    signer = SigningKey("audit.example/office", bytes(32))
    note = Checkpoint("city.example/ledger", 3, bytes(32)).signed(SigningKey("city.example/ledger", bytes(range(32))))
    both = cosigned(note, signer, 1679315147)
    assert both.cosigned_by(signer.verifier()) == 1679315147
    assert verifier.Checkpoint.parse(str(both)).cosigned_by(str(signer.verifier(4)))
    other = Signature(signer.name, both.signatures[1].identifier, (1).to_bytes(8) + both.signatures[1].content[8:])
    assert Note(note.text, (other,)).cosigned_by(signer.verifier()) is None


@pytest.mark.parametrize(
    "written",
    ["", "a\n", "a\n\n", "a\n\n— x\n", "a\n\n— x AAAA\n", "a\n\n— x Uw2QOkn8srV1yJGh\n\n", "a\n\n— x !!!!\n"],
)
def test_what_is_no_signed_note_is_refused(written: str) -> None:
    """Neither reader takes it."""
    with pytest.raises(LedgerError):
        Note.parse(written)
    with pytest.raises(ValueError, match=r"form|signature line|unpack|base64|padding|invalid literal"):
        verifier.Checkpoint.parse(written)


@pytest.mark.parametrize("text", ["a\n1\n", "a\n01\n" + "A" * 43 + "=\n", "a\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """No leading zeroes, 32 bytes of root, a name."""
    with pytest.raises(LedgerError):
        Checkpoint.parse(text)


def test_canonical_json_of_rfc_8785() -> None:
    """Sorting and escapes of RFC 8785, 3.2.2 and 3.2.3; the verifier's own writer gives the same bytes."""
    value = {"b": [1, True, None], "a": '€$\u000f\nA\'B"\\"/', "C": {"": "і", "aa": 2**53 - 1}, "\x7f": "😀"}
    written = '{"C":{"":"і","aa":9007199254740991},"a":"€$\\u000f\\nA\'B\\"\\\\\\"/","b":[1,true,null],"\x7f":"😀"}'
    assert canonical(value) == written.encode()
    assert verifier.canonical(value) == written.encode()


@pytest.mark.parametrize("value", [1.0, {"a": [0.5]}, 2**53, {"ключ": 1}, float("nan"), b"x"])
def test_what_other_readers_would_round_is_refused(value: object) -> None:
    """Fractions, large numbers and keys beyond ASCII never get into a line."""
    with pytest.raises(LedgerError):
        canonical(value)


def test_base64_with_loose_bits_is_refused() -> None:
    """The last letter of a signature carries unused bits; only one spelling is taken."""
    head, tail = EXAMPLE_NOTE[:-3], EXAMPLE_NOTE[-3:]
    loose = head + chr(ord(tail[0]) + 1) + tail[1:]
    assert base64.b64decode(loose.split()[-1]) == base64.b64decode(EXAMPLE_NOTE.split()[-1])
    with pytest.raises(LedgerError):
        Note.parse(loose)


def test_the_reference_of_entries_is_current() -> None:
    """If this fails: python -m vidkryto.record.document docs/reference/ledger.md."""
    page = (Path(__file__).parents[2] / "docs/reference/ledger.md").read_text(encoding="utf-8")
    assert filled(page) == page
