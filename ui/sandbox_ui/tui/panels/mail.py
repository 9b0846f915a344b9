"""Inbox and message beside each other, and all that can be done with the chosen message."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType

from sandbox.client.codes import codes_of
from sandbox.client.links import links_of
from sandbox_ui.tui import outside
from sandbox_ui.tui.asking import Field, Form, Pick, confirm
from sandbox_ui.tui.messages import Changed, Chosen, Highlighted, Item, ShowAttempt
from sandbox_ui.tui.panels.inbox import Inbox
from sandbox_ui.tui.panels.message import MessagePanel
from sandbox_ui.tui.panels.panel import Panel

FOLLOW_UPS = ("complaint", "unsubscribe", "bounce", "soft-bounce", "open", "click")
"""What can be let happen to a delivered message."""


class Mail(Panel):
    """The first page: on a narrow terminal one of its two halves is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "toggle_read", "Unread", show=False),
        Binding("d,delete", "remove", "Delete"),
        Binding("D", "remove_all", "Delete all", show=False),
        Binding("t", "tag", "Tag", show=False),
        Binding("w", "save", "Save", show=False),
        Binding("a", "save_part", "Attachment", show=False),
        Binding("b", "browse", "Browser", show=False),
        Binding("e", "edit", "$EDITOR", show=False),
        Binding("p", "page", "$PAGER", show=False),
        Binding("y", "copy", "Copy"),
        Binding("v", "attempt", "Why"),
        Binding("m", "simulate", "Simulate", show=False),
        Binding("escape", "close", "Back", show=False),
    ]

    _usable = False
    """Whether there is a message under the cursor."""

    def compose(self) -> ComposeResult:
        """The two halves."""
        yield Inbox()
        yield MessagePanel()

    @property
    def inbox(self) -> Inbox:
        """The list."""
        return self.query_one(Inbox)

    @property
    def reading(self) -> MessagePanel:
        """The message."""
        return self.query_one(MessagePanel)

    def landing(self) -> None:
        """The list takes the keys."""
        self.inbox.landing()

    def happened(self, events: Sequence[Item]) -> None:
        """Tell both halves."""
        self.inbox.happened(events)
        self.reading.happened(events)

    def renew(self) -> None:
        """Renew both halves."""
        self.inbox.begin_anew()
        self.reading.renew()

    def shown(self) -> None:
        """Both halves are shown now."""
        self.inbox.shown()
        self.reading.shown()

    @on(Highlighted, "#messages")
    def _on_highlighted(self, event: Highlighted) -> None:
        event.stop()
        self.reading.want(event.item)
        if self._usable != (event.item is not None):  # the footer is made anew: not for each row that is passed
            self._usable = not self._usable
            self.refresh_bindings()

    @on(Chosen, "#messages")
    def _on_chosen(self, event: Chosen) -> None:
        event.stop()
        self.open()
        if not event.item["read"]:
            self._mark(event.item["id"], read=True)

    def open(self) -> None:
        """Go to the message; on a narrow terminal it takes the list's place."""
        self.add_class("-open")
        self.reading.shown()
        self.reading.landing()

    def action_close(self) -> None:
        """Go back to the list."""
        self.remove_class("-open")
        self.inbox.landing()

    def show_message(self, name: str) -> None:
        """Show a message that may be anywhere: search for it."""
        if not self.inbox.rows.select(name):
            self.inbox.search_for(f"id:{name}")

    # what is done with the chosen message

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What needs a message is only there with one."""
        del parameters
        needs = {"toggle_read", "remove", "tag", "save", "save_part", "browse", "edit", "page", "copy", "attempt"}
        return None if action in needs and self._item is None else True

    @property
    def _item(self) -> Item | None:
        return self.inbox.rows.item if self.is_mounted else None

    def _mark(self, name: str, **wish: Any) -> None:
        async def mark() -> None:
            self.inbox.replace(await self.ask(lambda window: window.mark(name, **wish)))
            self.post_message(Changed())

        self.act(mark)

    def action_toggle_read(self) -> None:
        """Read becomes unread, unread read."""
        if item := self._item:
            self._mark(item["id"], read=not item["read"])

    def action_remove(self) -> None:
        """Remove the message."""
        if item := self._item:
            name = item["id"]
            self.act(self._then_anew, lambda window: window.remove(name))

    async def _then_anew(self, work: Callable[[Any], Any]) -> None:
        await self.ask(work)
        self.inbox.begin_anew()
        self.post_message(Changed())

    def action_remove_all(self) -> None:
        """Remove all that the list holds, after a question."""
        self.act(self._remove_all)

    async def _remove_all(self) -> None:
        query = self.inbox.query_text
        question = f"Delete every message that matches {query}?" if query else "Delete every message?"
        if (await self.answer(confirm(question, "Yes, delete them"))).get("picked"):
            await self._then_anew(lambda window: window.remove_all(query))

    def action_tag(self) -> None:
        """Write the message's tags."""
        if item := self._item:
            self.act(self._tag, item)

    async def _tag(self, item: Item) -> None:
        field = Field(name="tags", label="Tags, separated by commas", value=", ".join(item["tags"]))
        found = await self.answer(Form(f"Tags of {item['subject'] or '(no subject)'}", [field]))
        if "tags" in found:
            self._mark(item["id"], tags=[tag.strip() for tag in found["tags"].split(",") if tag.strip()])

    # out of the inspector

    def action_save(self) -> None:
        """Write the octets as accepted to a file."""
        if item := self._item:
            name = item["id"]
            self.act(self._save, f"{name}.eml", lambda window: window.raw(name))

    async def _save(self, suggested: str, fetch: Callable[[Any], bytes]) -> None:
        field = Field(name="path", label="File, or ~/folder/file", value=suggested)
        path = (await self.answer(Form("Save", [field]))).get("path")
        if path:
            octets = await self.ask(fetch)
            self.tell(f"saved {outside.save(path, octets)}")

    def action_save_part(self) -> None:
        """Write an attachment to a file."""
        if item := self._item:
            self.act(self._save_part, item["id"])

    async def _save_part(self, name: str) -> None:
        message = await self.ask(lambda window: window.message(name))
        parts = {str(one["n"]): one for one in message["attachments"]}
        if not parts:
            self.tell("this message has no attachments")
            return
        shown = [
            (number, f"{one['filename'] or one['content_type']}  {one['size']} B") for number, one in parts.items()
        ]
        picked = (await self.answer(Pick("Which attachment?", shown))).get("picked")
        if picked:
            suggested = outside.safe_name(parts[picked]["filename"], f"part-{picked}")
            await self._save(suggested, lambda window: window.part(name, int(picked)))

    def action_browse(self) -> None:
        """Open the HTML, as the sandbox makes it harmless, in the browser."""
        if item := self._item:
            self.act(self._browse, item["id"])

    async def _browse(self, name: str) -> None:
        message = await self.ask(lambda window: window.message(name))
        if not message["html"]:
            self.tell("this message has no HTML part")
            return
        address = self.inspector.window.url(f"/messages/{name}/html")
        self.app.open_url(address)
        self.tell(address)

    def action_edit(self) -> None:
        """Open the source in the editor."""
        self._view(outside.editor(os.environ), exactly=True)

    def action_page(self) -> None:
        """Open the source in the pager."""
        self._view(outside.pager(os.environ), exactly=False)

    def _view(self, command: list[str], *, exactly: bool) -> None:
        if item := self._item:
            self.act(self._view_source, item["id"], command, exactly=exactly)

    async def _view_source(self, name: str, command: list[str], *, exactly: bool) -> None:
        octets = await self.ask(lambda window: window.raw(name))
        try:
            with self.app.suspend():
                outside.view(command, octets, exactly=exactly)
        except SuspendNotSupported:
            self.tell("this terminal can't be handed to another program", wrong=True)

    def action_copy(self) -> None:
        """Copy something of the message."""
        if item := self._item:
            self.act(self._copy, item["id"])

    async def _copy(self, name: str) -> None:
        choices = self._copies(await self.ask(lambda window: window.message(name)))
        shown = [(str(number), f"{what}: {text}") for number, (what, text) in enumerate(choices)]
        picked = (await self.answer(Pick("Copy", shown))).get("picked")
        if picked:
            what, text = choices[int(picked)]
            self.copy(text, what)

    def _copies(self, message: Item) -> Sequence[tuple[str, str]]:
        text, html = str(message["text"] or ""), str(message["html"] or "")
        window = self.inspector.window
        words = ["curl", "-sS", *(["--user", window.user] if window.user else [])]
        curl = shlex.join([*words, window.url(f"/messages/{message['id']}/raw")])
        return [
            *(("code", code) for code in codes_of(text, html, str(message["subject"]))[:5]),
            *(("link", link) for link in links_of(text, html)[:20]),
            *(("address", address) for address in message["envelope"]["rcpt_to"][:20]),
            ("sender", str(message["envelope"]["mail_from"])),
            ("id", str(message["id"])),
            ("curl command", curl),
        ]

    # what came before and comes after

    def action_attempt(self) -> None:
        """Show the conversation in which the message came."""
        if item := self._item:
            self.post_message(ShowAttempt(item["session"]))

    def action_simulate(self) -> None:
        """Let something happen to a recipient."""
        if item := self._item:
            self.act(self._simulate, item)

    async def _simulate(self, item: Item) -> None:
        event = (await self._pick("Let happen", FOLLOW_UPS)).get("picked")
        to = item["envelope"]["rcpt_to"]
        recipient = to[0] if len(to) == 1 or not event else (await self._pick("To whom?", to)).get("picked")
        if event and recipient:
            name = item["id"]
            done = await self.ask(lambda window: window.simulate(event, name, recipient))
            self.tell(f"{done['event']}: {done['recipient']} is {done['outcome']}")

    async def _pick(self, title: str, names: Sequence[str]) -> Mapping[str, str]:
        return await self.answer(Pick(title, [(name, name) for name in names]))
