"""Where the export of a resource comes from: the `source` block of a contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from vidkryto.catalogue.model import Block

Pick = Literal["only", "newest", "dated", "all"]
Megabytes = Annotated[float, Field(gt=0)]


class Unpack(Block):
    """Members of a ZIP archive; the archive itself is the export, its members are what is read."""

    member: str = "*"
    """Shell pattern of the member's whole path inside the archive, case ignored."""
    names: Literal["auto", "cp866", "windows-1251", "cp437", "utf-8"] = "auto"
    """Encoding of the member names when the archive does not say UTF-8."""
    max_members: int = Field(default=10_000, gt=0)
    max_megabytes: Megabytes = 2_000
    """Unpacked size of all chosen members together."""
    max_ratio: float = Field(default=200, gt=1)
    """Unpacked to packed size of one member; beyond it the archive is refused as a bomb."""
    max_depth: int = Field(default=10, gt=0)
    """Folders inside one another."""


class _Picking(Block):
    pick: Pick = "only"
    """only: exactly one file must match; newest: by time of change; dated: by the date in the name; all: partitions."""
    max_megabytes: Megabytes = 2_000
    unpack: Unpack | None = None


class FolderSource(_Picking):
    """Files in a folder, by default `exports` beside the contract."""

    folder: str = "exports"
    """Path from the contract's folder, or an absolute one (a mounted share)."""
    pattern: str = "*"
    """Shell pattern of the file name; `**/` in front looks into subfolders."""
    settle: float = Field(default=2, ge=0, le=600)
    """Seconds a fresh file must stay unchanged before it is taken."""
    patience: float = Field(default=300, ge=0, le=86_400)
    """Seconds to wait for a file that is still growing."""

    @field_validator("pattern")
    @classmethod
    def _inside(cls, pattern: str) -> str:
        if not pattern or pattern.startswith(("/", "~")) or ".." in pattern.split("/"):
            raise ValueError("a pattern stays inside the folder: no / at the beginning and no ..")
        return pattern


class WebSource(Block):
    """One file at an HTTP or HTTPS address."""

    url: str = Field(pattern=r"^https?://[^\s]+$")
    hosts: tuple[str, ...] = ()
    """Further hosts that a redirect may lead to; the host of the address itself is always allowed."""
    private_addresses: bool = False
    """Allow addresses of the city's own network (10.0.0.0/8, 127.0.0.1 …)."""
    header_secrets: dict[str, str] = Field(default_factory=dict)
    """Request header to the name of the environment variable that holds its value."""
    retries: int = Field(default=4, ge=0, le=20)
    timeout: float = Field(default=60, gt=0)
    """Seconds without a byte before a try counts as failed."""
    patience: float = Field(default=1_800, gt=0)
    """Seconds for the whole download."""
    max_megabytes: Megabytes = 2_000
    unpack: Unpack | None = None

    @model_validator(mode="after")
    def _no_password_in_the_address(self) -> WebSource:
        if "@" in self.url.split("/")[2]:
            raise ValueError("a user name or password must not stand in `url`; use header_secrets")
        return self


class RemoteSource(_Picking):
    """Files on an SFTP, FTP, SMB or S3 server."""

    remote: str = Field(pattern=r"^(sftp|ftp|ftps|smb|s3)://[^\s@]+$")
    """Address with a shell pattern in the last part: `sftp://host:22/outgoing/stops_*.csv`."""
    user_from: str = ""
    """Name of the environment variable with the user name or the access key id."""
    password_from: str = ""
    """Name of the environment variable with the password or the secret access key."""
    key_file_from: str = ""
    """SFTP: name of the environment variable with the path of a private key."""
    known_hosts: str = ""
    """SFTP: file with the server's key, beside the contract; without it the user's own known_hosts is used."""
    endpoint: str = ""
    """S3: address of the service when it is not Amazon's."""
    timeout: float = Field(default=60, gt=0)
    retries: int = Field(default=3, ge=0, le=20)


class SqlSource(Block):
    """The answer to one query, kept as CSV."""

    sql: str
    """One SELECT; give it an ORDER BY, or equal data may look changed."""
    database_from: str
    """Name of the environment variable with the SQLAlchemy address of the database."""
    timeout: float = Field(default=600, gt=0)
    max_rows: int = Field(default=50_000_000, gt=0)
    max_megabytes: Megabytes = 2_000


class LedgerSource(Block):
    """The ledger of this very pipeline, so that outsiders hold copies of it."""

    ledger: Literal["checkpoints", "entries"]
    """checkpoints: the signed ones given out so far; entries: what the last of them covers, as far as it is public."""


_KINDS = {"url": "web", "remote": "remote", "sql": "sql", "ledger": "ledger"}


def _kind(value: Any) -> str:
    """Which block is meant: told by the key that only it has."""
    given = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return next((kind for key, kind in _KINDS.items() if key in given), "folder")


Source = Annotated[
    Annotated[FolderSource, Tag("folder")]
    | Annotated[WebSource, Tag("web")]
    | Annotated[RemoteSource, Tag("remote")]
    | Annotated[SqlSource, Tag("sql")]
    | Annotated[LedgerSource, Tag("ledger")],
    Discriminator(_kind),
]
"""The `source` block of a resource."""
