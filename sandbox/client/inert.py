"""Makes foreign text harmless for a terminal: control characters, and those that turn the direction of text around."""

from __future__ import annotations

_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
"""Characters that change the direction of the text around them, so that it reads as something else."""
_SEPARATORS = (0x2028, 0x2029)
_INERT: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\u2421",
    **dict.fromkeys((*range(0x80, 0xA0), *_BIDI, *_SEPARATORS, *range(0xD800, 0xE000)), "\ufffd"),
}
_INERT_TEXT = {code: shown for code, shown in _INERT.items() if chr(code) not in "\n\t"}


def inert(text: str) -> str:
    """One line of foreign text that can't steer the terminal: control characters become visible signs."""
    return text.translate(_INERT)


def inert_text(text: str) -> str:
    """The same for text of several lines; line ends and tabs stay."""
    return text.replace("\r\n", "\n").translate(_INERT_TEXT)
