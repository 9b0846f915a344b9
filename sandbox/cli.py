"""The command `email-sandbox`: a table of subcommands, each imported only when it runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import TextIO

import click

from sandbox.version import __version__

COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("sandbox.commands.serve", "Start the sandbox."),
    "tui": ("sandbox.commands.tui", "Look into a running sandbox in the terminal."),
    "env": ("sandbox.commands.env", "Print client settings to paste or eval."),
    "send": ("sandbox.commands.send", "Send a test message, as a real client would."),
    "messages": ("sandbox.commands.messages", "List messages, newest first."),
    "show": ("sandbox.commands.messages", "Show one message."),
    "wait": ("sandbox.commands.messages", "Wait for messages; exit status 1 at the time-out."),
    "errors": ("sandbox.commands.errors", "List the errors of a provider, and how to meet each."),
    "fault": ("sandbox.commands.faults", "Force errors."),
    "rule": ("sandbox.commands.afterwards", "Decide what becomes of mail after it was accepted."),
    "simulate": ("sandbox.commands.afterwards", "Let something happen to a delivered message."),
    "export": ("sandbox.commands.transfer", "Write messages to .eml files, an mbox file or a maildir."),
    "import": ("sandbox.commands.transfer", "Read .eml files, mbox files and maildirs into the sandbox."),
    "clock": ("sandbox.commands.clock", "Show or move the account's clock."),
    "reset": ("sandbox.commands.reset", "Start over: no mail, no faults, real time."),
}
"""Subcommand → (module that has a command of this name, `import_` for `import`, line in the overview)."""


class Overview(click.Group):
    """A group that knows its subcommands from the table and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand; None for a name that is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name + "_" * iskeyword(cmd_name))
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview from the table, so that `--help` imports nothing."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.group(cls=Overview, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="email-sandbox")
def commands() -> None:
    """Emulate cloud email delivery services on this machine.

    `email-sandbox serve` starts it; the other commands talk to the one that runs. Each command has its own --help.
    """


def main() -> None:
    """Run the command line; never fails at a character that the terminal can't show."""
    for stream in (sys.stdout, sys.stderr):
        _replace_unprintable(stream)
    commands(prog_name="email-sandbox")


def _replace_unprintable(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
