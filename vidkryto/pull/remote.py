"""Files on SFTP, FTP, SMB and S3 servers, all through fsspec."""

from __future__ import annotations

import fnmatch
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from vidkryto.catalogue.source import RemoteSource
from vidkryto.errors import SourceError
from vidkryto.pull.fetched import Each, Fetched, missing, one_by_one
from vidkryto.pull.limits import CHUNK, write_limited
from vidkryto.pull.picking import Offered, picked
from vidkryto.pull.redaction import origin_of, redacted, secret

T = TypeVar("T")
SHARE = 8
"""Files that one connection of another process takes."""
SMB_ABSENT = (0xC000000F, 0xC0000034, 0xC000003A)
"""STATUS_NO_SUCH_FILE, OBJECT_NAME_NOT_FOUND, OBJECT_PATH_NOT_FOUND (MS-ERREF 2.3); smbprotocol does not map all."""


def fetch_remote(
    source: RemoteSource,
    folder: Path,
    resource: str,
    environment: Mapping[str, str] | None,
    work: Path,
    each: Each = one_by_one,
) -> list[Fetched]:
    """The picked files of a server. Raises ExportMissing when nothing matches, SourceError for technical failures.

    One process takes them over the connection that listed them. Others open their own, with the secrets of their own
    environment, each for some files.
    """
    pattern = _pattern(source)

    def look(system: Any) -> tuple[list[Offered], list[Fetched]]:
        items = picked(_offered(system, source, resource), source.pick, pattern, resource)
        here = each is one_by_one or len(items) == 1
        return items, [_taken(system, item, source, work / str(n)) for n, item in enumerate(items) if here]

    items, taken = _connected(look, source, folder, os.environ if environment is None else environment)
    if taken:
        return taken
    shares = [(first, items[first : first + SHARE]) for first in range(0, len(items), SHARE)]
    return [one for share in each(partial(_take_share, source, folder, work), shares) for one in share]


def _take_share(source: RemoteSource, folder: Path, work: Path, share: tuple[int, Sequence[Offered]]) -> list[Fetched]:
    """Some files over a connection of this process; `share` is the number of the first, and the files."""

    def take(system: Any) -> list[Fetched]:
        return [_taken(system, item, source, work / str(n)) for n, item in enumerate(share[1], start=share[0])]

    return _connected(take, source, folder, os.environ)


def _connected(work: Callable[[Any], T], source: RemoteSource, folder: Path, environment: Mapping[str, str]) -> T:
    """What `work` makes of the server's file system; tried again over a new connection."""
    address = urlsplit(source.remote)
    user = secret(environment, source.user_from, "the user") if source.user_from else ""
    password = secret(environment, source.password_from, "the password") if source.password_from else ""
    key = secret(environment, source.key_file_from, "the key file") if source.key_file_from else ""

    def work_once() -> T:
        system = _open(source, address, folder, user, password, key)
        try:
            return work(system)
        finally:
            _close(system)

    return _with_retries(work_once, source, address, (password, user))


def _with_retries(work: Callable[[], T], source: RemoteSource, address: SplitResult, secrets: tuple[str, ...]) -> T:
    for attempt in range(source.retries + 1):
        try:
            return work()
        except SourceError:
            raise
        except PermissionError as error:
            raise _refused(address, error, secrets) from None
        except Exception as error:  # paramiko, ftplib, smbprotocol and botocore behind fsspec share no base
            if _is_refusal(error):
                raise _refused(address, error, secrets) from None
            if attempt == source.retries:
                raise SourceError(
                    f"the {address.scheme} server could not be read in {attempt + 1} tries: "
                    f"{redacted(f'{type(error).__name__}: {error}', *secrets, address.hostname or '')}",
                    remedy="Check that the server is reachable from this machine, then run again.",
                ) from None
        time.sleep(min(0.5 * 2**attempt, 30))
    raise AssertionError("the loop above returns or raises")


def _is_refusal(error: Exception) -> bool:
    name, text = type(error).__name__, str(error)
    return (
        name in ("AuthenticationException", "BadHostKeyException", "LogonFailure", "NoCredentialsError")
        or text.startswith("530")
        or "not found in known_hosts" in text
        or "AccessDenied" in text
        or "InvalidAccessKeyId" in text
        or "SignatureDoesNotMatch" in text
    )


def _refused(address: SplitResult, error: Exception, secrets: tuple[str, ...]) -> SourceError:
    if "known_hosts" in str(error) or type(error).__name__ == "BadHostKeyException":
        return SourceError(
            "the SFTP server shows a key that is not known here",
            remedy="Compare the key with the server's owner, then put it into the file that known_hosts names.",
        )
    return SourceError(
        f"the {address.scheme} server refused: {redacted(error, *secrets, address.hostname or '')}",
        remedy="Check the user, the password or the key that the contract's variables hold.",
    )


def _open(source: RemoteSource, address: SplitResult, folder: Path, user: str, password: str, key: str) -> Any:
    """The file system of the server; the imports stay here, because each brings a large library."""
    host, port = address.hostname or "", address.port
    if address.scheme == "sftp":
        from vidkryto.pull.sftp import open_sftp

        known = folder / source.known_hosts if source.known_hosts else None
        return open_sftp(host, port or 22, user, password, key, known, source.timeout)
    if address.scheme in ("ftp", "ftps"):
        from fsspec.implementations.ftp import FTPFileSystem

        return FTPFileSystem(
            host,
            port=port or 21,
            username=user or None,
            password=password or None,
            timeout=source.timeout,
            tls=address.scheme == "ftps",
            skip_instance_cache=True,
            use_listings_cache=False,
        )
    if address.scheme == "smb":
        from fsspec.implementations.smb import SMBFileSystem

        return SMBFileSystem(
            host,
            port=port,
            username=user or None,
            password=password or None,
            timeout=int(source.timeout),
            share_access="r",
            skip_instance_cache=True,
            auto_mkdir=False,
        )
    from s3fs import S3FileSystem

    return S3FileSystem(
        key=user or None,
        secret=password or None,
        anon=not user,
        endpoint_url=source.endpoint or None,
        skip_instance_cache=True,
        use_listings_cache=False,
        config_kwargs={
            "connect_timeout": source.timeout,
            "read_timeout": source.timeout,
            "retries": {"max_attempts": 1},
        },
    )


def _close(system: Any) -> None:
    """Close what fsspec leaves open. smbprotocol keeps sessions for the whole process, so that another contract with
    the same user and a wrong password would be let in."""
    if system.protocol == "smb":
        import smbclient

        smbclient.delete_session(system.host, port=system.port or 445)
        return
    connection = getattr(system, "client", None) or getattr(system, "ftp", None)
    if connection is not None:
        connection.close()


def _root(source: RemoteSource) -> str:
    """Folder and pattern as the file system names them."""
    address = urlsplit(source.remote)
    return address.path if address.scheme != "s3" else f"{address.netloc}{address.path}"


def _pattern(source: RemoteSource) -> str:
    return _root(source).rpartition("/")[2]


def _offered(system: Any, source: RemoteSource, resource: str) -> list[Offered]:
    """The files of the server that match the pattern. Raises ExportMissing when their folder is not there."""
    parent, _, pattern = _root(source).rpartition("/")
    try:
        entries = system.ls(parent or "/", detail=True)
    except OSError as error:
        if not isinstance(error, FileNotFoundError) and getattr(error, "ntstatus", None) not in SMB_ABSENT:
            raise
        raise missing(
            resource, pattern, "The folder is not on the server; check the address in the contract."
        ) from None
    return [
        Offered(str(entry["name"]), _changed(entry))
        for entry in entries
        if entry.get("type") == "file" and fnmatch.fnmatchcase(str(entry["name"]).rsplit("/", 1)[-1], pattern)
    ]


def _changed(entry: Mapping[str, Any]) -> float | None:
    """Time of the last change in seconds; each protocol calls it otherwise. None for an FTP server that does not tell.

    FTP tells it as digits in UTC (RFC 3659, 2.3). What `ls -l` prints instead has no year or no hour: not known.
    """
    value = entry.get("mtime") or entry.get("LastModified") or entry.get("modify") or entry.get("last_write_time")
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, str):
        return datetime.strptime(f"{value[:14]}Z", "%Y%m%d%H%M%S%z").timestamp() if value[:14].isdecimal() else None
    return float(value) if value else None


def _taken(system: Any, item: Offered, source: RemoteSource, target: Path) -> Fetched:
    address, name = urlsplit(source.remote), item.path.rsplit("/", 1)[-1]
    announced = int(system.info(item.path).get("size") or 0)
    with system.open(item.path, "rb") as stream:
        received = write_limited(iter(lambda: stream.read(CHUNK), b""), target, source.max_megabytes, name)
    if announced and received != announced:
        raise OSError(f"{received} bytes of {announced} arrived")
    modified = f"{datetime.fromtimestamp(item.changed, UTC):%Y-%m-%dT%H:%M:%SZ}" if item.changed else ""
    origin = origin_of(f"{address.scheme}://{address.netloc}/{name}", name)
    return Fetched(name, target, origin, modified=modified)
