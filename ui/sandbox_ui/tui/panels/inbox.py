"""The inbox: messages as they arrive, searched, filtered, sorted; older ones are loaded when scrolled to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from sandbox.client.errors import ApiError
from sandbox_ui.tui import words
from sandbox_ui.tui.messages import Item, NearEnd
from sandbox_ui.tui.painted import Cell, Lines
from sandbox_ui.tui.panels.panel import Panel
from sandbox_ui.tui.rows import Column, Rows
from sandbox_ui.tui.search_bar import GRAMMAR, SearchBar
from sandbox_ui.tui.window import PAGE, Page

FILTERS: Sequence[tuple[str, str]] = (
    ("all", ""),
    ("unread", "is:unread"),
    ("not delivered", "-outcome:delivered"),
    ("with attachments", "has:attachment"),
    ("tagged", "is:tagged"),
)
"""Name → what it adds to the query."""
ANEW = frozenset({"account.reset", "messages.removed"})
"""Events after which the list is loaded anew: they are about more messages than they name."""
MOST = 500
"""Messages of one page at most: after a larger burst the list begins anew from its newest."""
ASKED_ABOUT = 25
"""Messages below the newest page that one renewal asks about: so many ids fit into a query."""


def _subject(item: Item) -> Cell:
    tags = "".join(f" #{tag}" for tag in item["tags"])
    paper = " ⊕" if item["attachment_count"] else ""
    return Cell(f"{item['subject'] or '(no subject)'}{paper}{tags}", "" if item["read"] else "strong")


COLUMNS = (
    Column(title=" ", width=1, cell=lambda item: Cell("" if item["read"] else "•", "accent")),
    Column(
        title="time UTC",
        width=8,
        cell=lambda item: Cell(words.clock_time(item["times"]["accepted"]), "faint"),
        order=lambda item: item["times"]["accepted"],
    ),
    Column(
        title="±",
        width=1,
        cell=lambda item: words.outcome(item["outcome"], word=False),
        order=lambda item: item["outcome"],
    ),
    Column(
        title="outcome",
        width=12,
        since=95,
        cell=lambda item: Cell(item["outcome"].replace("_", " "), words.outcome(item["outcome"]).kind),
        order=lambda item: item["outcome"],
    ),
    Column(title="subject", share=3, cell=_subject, order=lambda item: item["subject"].casefold()),
    Column(
        title="to",
        share=2,
        cell=lambda item: Cell(words.recipients(item)),
        order=lambda item: words.recipients(item).casefold(),
    ),
    Column(
        title="from",
        share=2,
        since=78,
        cell=lambda item: Cell(words.author(item), "faint"),
        order=lambda item: words.author(item).casefold(),
    ),
    Column(
        title="size",
        width=9,
        since=95,
        cell=lambda item: Cell(f"{words.size(item['size']):>9}", "faint"),
        order=lambda item: item["size"],
    ),
)


def older(known: Sequence[Item], page: Page) -> Sequence[Item]:
    """The messages that are loaded and come after the newest page; none when the page does not reach them."""
    if page.next is None:
        return ()
    fresh = {item["id"] for item in page.items}
    last = max((number for number, item in enumerate(known) if item["id"] in fresh), default=None)
    return () if last is None else known[last + 1 :]


class Inbox(Panel):
    """The list and its search bar."""

    DEFAULT_CSS = """
    Inbox > SearchBar { height: 1; background: $boost; padding: 0 1; }
    Inbox > #inbox-note { padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search"),
        Binding("f", "filter", "Filter"),
        Binding("s", "sort", "Sort", show=False),
        Binding("F", "follow", "Follow", show=False),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="inbox")
        self._filter = 0
        self._search = ""
        self._total = "0"
        """How many there are, as it is shown: `1000+` when there are at least so many."""
        self._cursor: str | None = None
        self._known: list[Item] = []
        self._elsewhere: set[str] = set()
        self._removed: set[str] = set()
        self._loading = False
        self._anew = True

    def compose(self) -> ComposeResult:
        """The search bar, what it says, the list."""
        yield SearchBar(GRAMMAR, "from: to: subject: outcome: is:unread after:1h …", id="search")
        yield Lines(id="inbox-note")
        yield Rows(COLUMNS, empty="no messages yet: they appear here as soon as they are accepted", id="messages")

    def on_mount(self) -> None:
        """Take up what is remembered."""
        remembered = self.inspector.remembered
        names = [name for name, _ in FILTERS]
        kept = remembered.text("filter")
        self._filter = names.index(kept) if kept in names else 0
        self.rows.follow = remembered.flag("follow", default=True)
        self._describe()

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one("#messages", Rows)

    @property
    def query_text(self) -> str:
        """The query in force: search and filter."""
        parts = [f"({self._search})" if self._search and self._filter else self._search, FILTERS[self._filter][1]]
        return " ".join(part for part in parts if part)

    def landing(self) -> None:
        """The list takes the keys."""
        self.screen.set_focus(self.rows)

    # loading

    def happened(self, events: Sequence[Item]) -> None:
        """Note which messages events are about, and renew."""
        if any(event["type"] in ANEW for event in events):
            self._anew = True
        self._removed |= {str(event["message"]) for event in events if event["type"] == "message.removed"}
        self._elsewhere |= {str(event["message"]) for event in events if event["message"]}
        super().happened(events)

    def concerned(self, events: Sequence[Item]) -> bool:
        """Events about messages, and the end of all of them."""
        return any(event["message"] or event["type"] in ANEW for event in events)

    def begin_anew(self) -> None:
        """Load the list from its newest message; its older ones again when they come into sight."""
        self._anew = True
        self.renew()

    async def load(self) -> None:
        """Bring the newest messages, and those that events were about, into the list."""
        query, anew, removed, about = self.query_text, self._anew, self._removed, self._elsewhere
        self._anew, self._removed, self._elsewhere = False, set(), set()
        try:
            page = await self.ask(lambda window: window.messages(query))
            known = [] if anew else [item for item in self._known if item["id"] not in removed]
            if page.next and known and not older(known, page):
                page = await self.ask(lambda window: window.messages(query, limit=MOST))
        except ApiError as error:
            self._complain(str(error))
            return
        except BaseException:
            self._anew = True
            raise
        below = older(known, page)
        if below:
            changed = await self._ask_about(query, about, below)
            self._known = [*page.items, *changed]
        else:
            self._cursor, self._known = page.next, list(page.items)
        self._total = f"{page.total}{'' if page.exact else '+'}"
        self._show()

    async def _ask_about(self, query: str, about: set[str], below: Sequence[Item]) -> Sequence[Item]:
        """The older messages that are loaded, with those anew that events were about."""
        wanted = [item["id"] for item in below if item["id"] in about][:ASKED_ABOUT]
        if not wanted:
            return below
        condition = " OR ".join(f"id:{name}" for name in wanted)
        narrowed = f"({query}) ({condition})" if query and len(query) + len(condition) < 990 else condition
        page = await self.ask(lambda window: window.messages(narrowed))
        found = {item["id"]: item for item in page.items}
        return [found.get(item["id"], item) for item in below if item["id"] in found or item["id"] not in wanted]

    @on(NearEnd)
    def _on_near_end(self) -> None:
        if self._cursor and not self._loading:
            self._loading = True
            self.run_worker(self._load_older, group="older")  # type: ignore[arg-type]

    async def _load_older(self) -> None:
        """Add the next page below."""
        try:
            await self.guarded(self._add_page())
        finally:
            self._loading = False

    async def _add_page(self) -> None:
        query, cursor = self.query_text, self._cursor
        page = await self.ask(lambda window: window.messages(query, cursor, limit=PAGE))
        if (query, cursor) == (self.query_text, self._cursor):  # else the list is another one by now
            have = {item["id"] for item in self._known[-PAGE:]}
            self._known += [item for item in page.items if item["id"] not in have]
            self._cursor = page.next
            self._show()

    def replace(self, item: Item) -> None:
        """Show a message that was changed here."""
        self._known = [item if known["id"] == item["id"] else known for known in self._known]
        self._show()

    def _show(self) -> None:
        follow = self.rows.follow
        self.rows.follow = follow and self.rows.cursor == 0
        self.rows.show(self._known)
        self.rows.follow = follow
        self._describe()

    # search, filter, sort, follow

    @on(Input.Changed, "#search")
    def _on_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._search = event.value.strip()
        self.begin_anew()

    @on(Input.Submitted, "#search")
    def _on_entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.landing()

    def _complain(self, error: str) -> None:
        self._note([Cell(f"✗ {error}", "bad")])

    def _describe(self) -> None:
        """Say what is filtered, sorted and followed, and how much there is."""
        says = [
            f"{self._total} matching" if self.query_text else f"{self._total} messages",
            f"filter: {FILTERS[self._filter][0]}" if self._filter else "",
            f"sorted by {self.rows.sorted_by}, of {len(self._known)} loaded" if self.rows.sorted_by else "",
            "following" if self.rows.follow else "",
        ]
        empty = "no message matches" if self.query_text else "no messages yet: they appear here when accepted"
        self.rows.say(empty)
        self._note([Cell(" · ".join(part for part in says if part), "faint")])

    def _note(self, line: list[Cell]) -> None:
        self.query_one("#inbox-note", Lines).show(line)

    def action_search(self) -> None:
        """Go to the search bar."""
        self.screen.set_focus(self.query_one(SearchBar))

    def search_for(self, query: str) -> None:
        """Search for something from elsewhere."""
        self.query_one(SearchBar).value = query

    def action_back(self) -> None:
        """Out of the search bar; in the list, empty the search."""
        if self.query_one(SearchBar).has_focus:
            self.landing()
        else:
            self.search_for("")

    def action_filter(self) -> None:
        """Take the next filter."""
        self._filter = (self._filter + 1) % len(FILTERS)
        self.inspector.remembered.keep(filter=FILTERS[self._filter][0])
        self.begin_anew()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.rows.sort_next()
        self._describe()

    def action_follow(self) -> None:
        """Stay with the newest message, or don't."""
        self.rows.follow = not self.rows.follow
        self.inspector.remembered.keep(follow=self.rows.follow)
        if self.rows.follow:
            self.rows.go(0)
        self._describe()
