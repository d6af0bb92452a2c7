"""Files on SFTP, FTP, SMB and S3 servers, all through fsspec."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from vidkryto.catalogue.source import RemoteSource
from vidkryto.errors import SourceError
from vidkryto.pull.fetched import Fetched, missing
from vidkryto.pull.limits import CHUNK, write_limited
from vidkryto.pull.picking import Offered, picked
from vidkryto.pull.redaction import origin_of, redacted, secret

T = TypeVar("T")
SMB_ABSENT = (0xC000000F, 0xC0000034, 0xC000003A)
"""STATUS_NO_SUCH_FILE, OBJECT_NAME_NOT_FOUND, OBJECT_PATH_NOT_FOUND (MS-ERREF 2.3); smbprotocol does not map all."""


def fetch_remote(
    source: RemoteSource, folder: Path, resource: str, environment: Mapping[str, str], work: Path
) -> list[Fetched]:
    """The picked files of a server. Raises ExportMissing when nothing matches, SourceError for technical failures."""
    address = urlsplit(source.remote)
    user = secret(environment, source.user_from, "the user") if source.user_from else ""
    password = secret(environment, source.password_from, "the password") if source.password_from else ""
    key = secret(environment, source.key_file_from, "the key file") if source.key_file_from else ""

    def work_once() -> list[Fetched]:
        system = _open(source, address, folder, user, password, key)
        try:
            return _fetch(system, source, address, resource, work)
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


def _fetch(system: Any, source: RemoteSource, address: SplitResult, resource: str, work: Path) -> list[Fetched]:
    root = address.path if address.scheme != "s3" else f"{address.netloc}{address.path}"
    parent, _, pattern = root.rpartition("/")
    try:
        entries = system.ls(parent or "/", detail=True)
    except OSError as error:
        if not isinstance(error, FileNotFoundError) and getattr(error, "ntstatus", None) not in SMB_ABSENT:
            raise
        raise missing(
            resource, pattern, "The folder is not on the server; check the address in the contract."
        ) from None
    offered = [
        Offered(str(entry["name"]), _changed(entry))
        for entry in entries
        if entry.get("type") == "file" and fnmatch.fnmatchcase(str(entry["name"]).rsplit("/", 1)[-1], pattern)
    ]
    return [
        _taken(system, item, source, address, work / str(number))
        for number, item in enumerate(picked(offered, source.pick, pattern, resource))
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


def _taken(system: Any, item: Offered, source: RemoteSource, address: SplitResult, target: Path) -> Fetched:
    name = item.path.rsplit("/", 1)[-1]
    announced = int(system.info(item.path).get("size") or 0)
    with system.open(item.path, "rb") as stream:
        received = write_limited(iter(lambda: stream.read(CHUNK), b""), target, source.max_megabytes, name)
    if announced and received != announced:
        raise OSError(f"{received} bytes of {announced} arrived")
    modified = f"{datetime.fromtimestamp(item.changed, UTC):%Y-%m-%dT%H:%M:%SZ}" if item.changed else ""
    origin = origin_of(f"{address.scheme}://{address.netloc}/{name}", name)
    return Fetched(name, target, origin, modified=modified)
