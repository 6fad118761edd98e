"""The nastiest texts there are, in one place: whatever people, programs and other languages put into a field."""

from typing import Final

# Shown as they stand, on every page, in every mail and file. None of them may do anything.
MARKUP: Final = {
    "a tag": "<x-hostile>Bobby</x-hostile>",
    "an image": '"><img src=x onerror=alert(1)>',
    "a script": "</title></textarea><script>alert('x-hostile')</script>",
    "an attribute": "' onmouseover='alert(1)' x='",
    "a comment": "<!-- ]]> --><![CDATA[",
    "an entity": "&lt;b&gt; &amp;amp; &#x202e;",
    "jinja": "{{7*7}}{% include '/etc/passwd' %}{# x #}",
    "percent": "%(name)s %s %d 100 %%",
    "python": "{0} {name!r} ${HOME} $(id)",
    "sql": "'; DROP TABLE membership; --",
    "a link": "javascript:alert(1) [x](javascript:alert(1))",
    "markdown": "# **x** _y_ `z` ![](http://x.example/y)",
}
# What a spreadsheet program would run.
FORMULAS: Final = {
    "equals": "=1+1",
    "plus": "+1",
    "minus": "-1",
    "at": "@x",
    "a command": "=cmd|' /C calc'!A0",
    "full width": "＝1+1",
    "after spaces": "  =1+1",
    "an apostrophe": "'=1+1",
    "a link": '=HYPERLINK("http://x.example","x")',
}
# Names as they are written, one of each script.
SCRIPTS: Final = {
    "latin": "Zoë Ångström-Nguyễn",
    "cyrillic": "Ольга Їжакевич",
    "greek": "Άννα Παπαδοπούλου",
    "arabic": "أمينة يوسف",
    "hebrew": "שָׂרָה כֹּהֵן",
    "devanagari": "अमृता शर्मा",
    "bengali": "আমিনা খাতুন",
    "tamil": "தமிழ்ச்செல்வி",
    "thai": "สมชาย ใจดี",
    "amharic": "አማኑኤል ተስፋዬ",
    "chinese": "欧阳 娜娜",
    "japanese": "山田 はなこ",
    "korean": "김지우",
    "tibetan": "བཀྲ་ཤིས་བདེ་ལེགས",
    "n'ko": "ߒߞߏ ߡߊߡߊߘߌ",
    "adlam": "𞤀𞤤𞤵 𞤁𞤭𞤢𞤤𞤮",
    "persian with a joiner": "نگاه‌بان رضایی",
    "mixed directions": "Amina أمينة Yusuf שרה 2",
}
LONG: Final = {"one word": "W" * 300, "one cjk word": "字" * 300, "a long address": "x" * 290 + ".example"}
# What no name may hold: it would change what stands around it, or cannot be stored or printed.
REFUSED_NAMES: Final = {
    "override": "Amina \u202efusuY\u202c",
    "isolate": "Amina \u2066Yusuf",
    "zero width space": "Ami\u200bna",
    "byte order mark": "\ufeffAmina",
    "tab inside": "=1+1\tAmina",
    "line ends": "Amina\r\nBcc: everybody@example.org",
    "line separator": "Amina\u2028Yusuf",
    "tags": "Amina\U000e0041\U000e0042",
    "private use": "Amina \ue000",
    "only spaces": "\u00a0 \u3000",
}
# Left out on the way in: the rest is the name.
CLEANED: Final = {"nul": "Ami\0na", "escape": "Ami\x1bna", "bell": "Ami\x07na", "next line": "Ami\x85na"}
# What is a text, but no font on a machine as the set-up makes it can print.
UNPRINTABLE_NAMES: Final = {
    "emoji": "Amina 🙂",
    "unassigned": "Amina \U0001fbff",
    "a family of emoji": "Amina 👩‍👩‍👧",
    "a heap of marks": "Ami" + "\u0301\u0302\u0303\u0304\u0305\u0306\u0307" + "na",
}
# Free text may hold these; they must do no harm to what stands around them.
TEXTS: Final = {
    **{f"name, {kind}": text for kind, text in REFUSED_NAMES.items() if kind != "only spaces"},
    **UNPRINTABLE_NAMES,
    "heaps": "Z" + "\u0334\u0353\u0324\u0315" * 40 + "algo",
    "many lines": "a\n\n\n\n\nb\r\nc\rd",
}
# Names that are taken, most to be printed as well.
NAMES: Final = {**MARKUP, **SCRIPTS, **{kind: text for kind, text in FORMULAS.items() if text == text.strip()}}
EVERYTHING: Final = {**NAMES, **LONG, **TEXTS}
# Half a letter: no bytes stand for it, so no file and no database can hold it.
SURROGATE: Final = "Ami\ud800na"
