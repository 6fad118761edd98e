"""Which letters the machine's fonts have: a name is looked at before it is taken, so that no certificate shows boxes.

Fontconfig is what Pango asks for fonts too. It is called directly: that takes a few milliseconds and little memory,
where loading WeasyPrint in a web process would take half a second and 40 MB.
"""

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final

LIBRARY: Final = "libfontconfig.1.dylib" if sys.platform == "darwin" else "libfontconfig.so.1"
SIGNATURES: Final[dict[str, tuple[Any, list[Any]]]] = {
    "FcPatternCreate": (ctypes.c_void_p, []),
    "FcPatternAddBool": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
    "FcPatternDestroy": (None, [ctypes.c_void_p]),
    "FcObjectSetCreate": (ctypes.c_void_p, []),
    "FcObjectSetAdd": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]),
    "FcObjectSetDestroy": (None, [ctypes.c_void_p]),
    "FcFontList": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "FcFontSetDestroy": (None, [ctypes.c_void_p]),
    "FcPatternGetCharSet": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]),
    "FcCharSetCreate": (ctypes.c_void_p, []),
    "FcCharSetMerge": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "FcCharSetHasChar": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_uint32]),
}


class _FontSet(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int), ("room", ctypes.c_int), ("fonts", ctypes.POINTER(ctypes.c_void_p))]


@cache
def _library() -> Any:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@cache
def coverage() -> Callable[[str], bool] | None:
    """Return whether a letter is in some font that can be printed; None where fontconfig is not installed.

    The fonts are listed once a process: one that is installed later counts from the next start.
    """
    library = _library()
    if library is None:
        return None
    letters = library.FcCharSetCreate()
    pattern, wanted = library.FcPatternCreate(), library.FcObjectSetCreate()
    library.FcPatternAddBool(pattern, b"scalable", 1)
    library.FcObjectSetAdd(wanted, b"charset")
    listed = library.FcFontList(None, pattern, wanted)
    found = ctypes.cast(listed, ctypes.POINTER(_FontSet)).contents
    for number in range(found.count):
        own = ctypes.c_void_p()
        if library.FcPatternGetCharSet(found.fonts[number], b"charset", 0, ctypes.byref(own)) == 0:
            library.FcCharSetMerge(letters, own, None)
    library.FcFontSetDestroy(listed)
    library.FcObjectSetDestroy(wanted)
    library.FcPatternDestroy(pattern)
    return lambda letter: bool(library.FcCharSetHasChar(letters, ord(letter)))
