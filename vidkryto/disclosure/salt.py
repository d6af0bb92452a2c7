"""The secret salt of hashed columns: kept outside the repository, from the environment or a 0600 file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from vidkryto.errors import SettingsError
from vidkryto.settings import Secret

SHORTEST = 16


def salt_from_environment(environment: Mapping[str, str] | None = None) -> Secret:
    """The salt of VIDKRYTO_SALT, or of the file that VIDKRYTO_SALT_FILE names; an empty Secret when neither is set.

    Raises SettingsError when the file cannot be read, is readable by others, or the salt is under 16 characters.
    """
    env = os.environ if environment is None else environment
    value = env.get("VIDKRYTO_SALT", "").strip()
    if not value and (name := env.get("VIDKRYTO_SALT_FILE", "")):
        value = _salt_file(Path(name))
    if value and len(value) < SHORTEST:
        raise SettingsError(
            f"the salt has {len(value)} characters; wanted at least {SHORTEST}",
            remedy="Make one with: python -c 'import secrets; print(secrets.token_hex(32))'",
        )
    return Secret(value)


def _salt_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode & 0o777
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(
            f"the salt file cannot be read: {error.strerror}",
            remedy="Check VIDKRYTO_SALT_FILE: the file must exist and be readable.",
        ) from error
    if mode & 0o077:
        raise SettingsError(
            f"the salt file {path.name} can be read by others (mode {mode:o})", remedy=f"chmod 600 {path}"
        )
    return value
