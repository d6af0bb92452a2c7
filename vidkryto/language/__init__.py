"""The language of what people read: which one, its plurals, and the words of the catalogues."""

from vidkryto.language.catalogue import Language, current, plural_form, say, say_count, translated

__all__ = ["Language", "current", "plural_form", "say", "say_count", "translated"]
