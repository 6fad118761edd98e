"""Which font's file to draw a text with: asked of fontconfig, as `fonts` does."""

import ctypes
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from mhfa_lms.adapters import fonts

SIGNATURES: Final[dict[str, tuple[Any, list[Any]]]] = {
    "FcPatternAddString": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "FcPatternAddInteger": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
    "FcPatternGetString": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]),
    "FcPatternGetInteger": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]),
    "FcConfigSubstitute": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
    "FcDefaultSubstitute": (None, [ctypes.c_void_p]),
    "FcFontSort": (
        ctypes.c_void_p,
        [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p],
    ),
}
# Fontconfig's number for this weight.
SEMIBOLD: Final = 180


@dataclass(frozen=True, slots=True)
class FontFile:
    """A file, and which font in it."""

    path: str
    index: int


@lru_cache(maxsize=64)
def covering(text: str) -> FontFile | None:
    """Return the font that fontconfig likes best of those with every letter of a text; None where there is none."""
    found = _sorted()
    if found is None:
        return None
    library, listed = found
    wanted = {ord(letter) for letter in text if not letter.isspace()}
    for number in range(listed.count):
        letters = ctypes.c_void_p()
        if library.FcPatternGetCharSet(listed.fonts[number], b"charset", 0, ctypes.byref(letters)):
            continue
        if all(library.FcCharSetHasChar(letters, letter) for letter in wanted):
            return _file(library, listed.fonts[number])
    return None


def _file(library: Any, pattern: Any) -> FontFile:
    path, index = ctypes.c_char_p(), ctypes.c_int()
    library.FcPatternGetString(pattern, b"file", 0, ctypes.byref(path))
    library.FcPatternGetInteger(pattern, b"index", 0, ctypes.byref(index))
    # The upper half names a variant of a variable font.
    return FontFile((path.value or b"").decode(), index.value & 0xFFFF)


@cache
def _sorted() -> Any:
    """Return the library with every font there is, best first. They are listed once a process, and never let go."""
    library = fonts._library()
    if library is None:
        return None
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    pattern = library.FcPatternCreate()
    library.FcPatternAddString(pattern, b"family", b"sans-serif")
    library.FcPatternAddInteger(pattern, b"weight", SEMIBOLD)
    library.FcPatternAddBool(pattern, b"scalable", 1)
    library.FcConfigSubstitute(None, pattern, 0)
    library.FcDefaultSubstitute(pattern)
    result = ctypes.c_int()
    listed = library.FcFontSort(None, pattern, 0, None, ctypes.byref(result))
    library.FcPatternDestroy(pattern)
    return (library, ctypes.cast(listed, ctypes.POINTER(fonts._FontSet)).contents) if listed else None
