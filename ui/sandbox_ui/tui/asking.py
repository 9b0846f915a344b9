"""Small windows that ask: pick one of several, write a line, fill in a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from sandbox_ui.tui.painted import drawn


@dataclass(frozen=True, kw_only=True)
class Field:
    """One line of a form."""

    name: str
    label: str
    value: str = ""
    hint: str = ""


class Asking(ModalScreen[Mapping[str, str] | None]):
    """A window over the others; Escape closes it without an answer."""

    AUTO_FOCUS = "*"
    DEFAULT_CSS = """
    Asking { align: center middle; }
    Asking > Vertical {
        width: 76; max-width: 96%; height: auto; max-height: 90%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    Asking VerticalScroll { height: auto; max-height: 1fr; }
    Asking OptionList { height: auto; max-height: 1fr; border: none; background: $surface; padding: 0; }
    Asking OptionList:focus { border: none; }
    Asking Label { color: $foreground 70%; height: auto; width: 1fr; }
    Asking Input { margin-bottom: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Close")]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = drawn(title)

    def compose(self) -> ComposeResult:
        """The frame around what asks."""
        with Vertical() as frame:
            frame.border_title = Content(self._heading)
            yield from self.asking()

    def asking(self) -> ComposeResult:
        """What is inside."""
        yield from ()


class Pick(Asking):
    """Choose one: answers `{"picked": …}` with the choice's name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move('cursor_down')", show=False),
        Binding("k", "move('cursor_up')", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        """Choices are (name, what is shown)."""
        super().__init__(title)
        self._choices = choices

    def asking(self) -> ComposeResult:
        """The list."""
        options = [Option(Content(drawn(text))) for _, text in self._choices]
        yield OptionList(*options, markup=False)

    def action_move(self, action: str) -> None:
        """Move as vi does."""
        choices = self.query_one(OptionList)
        choices.action_cursor_down() if action == "cursor_down" else choices.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss({"picked": self._choices[event.option_index][0]})


class Form(Asking):
    """Fill in lines; Enter answers with what they hold, by name."""

    def __init__(self, title: str, fields: Sequence[Field], note: str = "") -> None:
        super().__init__(title)
        self._fields = fields
        self._note = drawn(note)

    def asking(self) -> ComposeResult:
        """The lines, each with its label."""
        with VerticalScroll(can_focus=False):
            for field in self._fields:
                yield Label(Content(drawn(field.label)), markup=False)
                yield Input(field.value, placeholder=field.hint, name=field.name, compact=True)
            yield Label(Content(self._note or "Enter to go on, Escape to leave it"), markup=False)

    def on_input_submitted(self) -> None:
        """Answer."""
        self.dismiss({str(line.name): line.value.strip() for line in self.query(Input)})


def confirm(question: str, yes: str) -> Pick:
    """Ask before something that can't be undone; the harmless answer comes first."""
    return Pick(question, [("", "No, leave it"), ("yes", yes)])
