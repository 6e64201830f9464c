"""The themes. What is bad, waits or is unknown has a mark and a word of its own: colour only repeats them.

The colours of `prism-colour-blind` are Okabe and Ito's, told apart with any of the usual kinds of colour vision.
"""

from __future__ import annotations

from textual.theme import Theme

THEMES = (
    Theme(
        name="prism-dark",
        primary="#7aa2f7",
        secondary="#bb9af7",
        accent="#7dcfff",
        success="#9ece6a",
        warning="#e0af68",
        error="#f7768e",
        foreground="#c8d0f0",
        background="#16161e",
        surface="#1a1b26",
        panel="#24283b",
    ),
    Theme(
        name="prism-light",
        primary="#2e5cb8",
        secondary="#7a3e9d",
        accent="#0b7285",
        success="#2b7a0b",
        warning="#8a5a00",
        error="#b3203a",
        foreground="#1b1f2a",
        background="#fbfbfd",
        surface="#f2f3f7",
        panel="#e3e6ee",
        dark=False,
    ),
    Theme(
        name="prism-contrast",
        primary="#ffff00",
        secondary="#00ffff",
        accent="#ffffff",
        success="#00ff00",
        warning="#ffff00",
        error="#ff6060",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#202020",
    ),
    Theme(
        name="prism-colour-blind",
        primary="#56b4e9",
        secondary="#cc79a7",
        accent="#f0e442",
        success="#56b4e9",
        warning="#f0e442",
        error="#e69f00",
        foreground="#e8e8e8",
        background="#101418",
        surface="#161b21",
        panel="#222a33",
    ),
)

DEFAULT = THEMES[0].name
