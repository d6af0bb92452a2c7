"""Machine names of fields from Ukrainian headers, by the official table of transliteration."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_PLAIN = dict(
    zip(
        "абвгґдежзиіклмнопрстуфхцчшщыэъё",
        "a b v h g d e zh z y i k l m n o p r s t u f kh ts ch sh shch y e - yo".split(),  # noqa: SIM905  # read beside the alphabet
        strict=True,
    )
)
_INSIDE = {**_PLAIN, "є": "ie", "ї": "i", "й": "i", "ю": "iu", "я": "ia", "ь": "", "ъ": "", "’": "", "'": "", "ʼ": ""}
_FIRST = {**_INSIDE, "є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_LONGEST = 40


def transliterated(text: str) -> str:
    """Latin letters for Ukrainian ones (Resolution of the Cabinet of Ministers 55 of 27.01.2010); зг is zgh."""
    made = []
    for word in re.findall(r"[^\W_]+(?:['’ʼ][^\W_]+)*|[\W_]+", text.casefold()):
        letters = [(_FIRST if place == 0 else _INSIDE).get(letter, letter) for place, letter in enumerate(word)]
        for place in range(1, len(word)):
            if word[place - 1 : place + 1] == "зг":
                letters[place] = "gh"
        made.append("".join(letters))
    return "".join(made)


def machine_names(headers: Sequence[str]) -> list[str]:
    """One name for each header: small Latin letters, digits and underscores, at most 40, each once."""
    names: list[str] = []
    for position, header in enumerate(headers, start=1):
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,39}", header) and header not in names:
            names.append(header)  # a machine name already, such as those of Resolution 835
            continue
        plain = (
            unicodedata.normalize("NFKD", transliterated(header.replace("№", "номер")))
            .encode("ascii", "ignore")
            .decode()
        )
        words = re.findall(r"[a-z0-9]+", plain)
        name = ""
        for word in words:
            if len(name) + len(word) + 1 > _LONGEST:
                break
            name = f"{name}_{word}" if name else word
        name = name or (words[0][:_LONGEST] if words else f"column_{position}")
        name = f"c_{name}" if name[0].isdigit() else name  # a portal's field begins with a letter
        number, base = 2, name
        while name in names:
            name, number = f"{base}_{number}", number + 1
        names.append(name)
    return names
