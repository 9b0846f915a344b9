"""The mailbox simulator: recipients that choose what becomes of their mail, as the provider offers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.core.attempts import Attempt, AutoReply, Decision, FollowUp, Verdict

DOMAIN = "simulator.amazonses.com"
MTA = "a8-91.smtp-out.amazonses.com"
_OK = "250 2.6.0 Message received"
SUPPRESSED = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid "
    "address. For more information about how to remove an address from the suppression list, see the Amazon SES "
    "Developer Guide: http://docs.aws.amazon.com/ses/latest/DeveloperGuide/remove-from-suppressionlist.html "
)

OUT_OF_OFFICE = AutoReply(
    sender="MAILER-DAEMON@amazonses.com",
    prefix="Out of the Office: ",
    words=(
        "This is an automatic reply of the Amazon SES mailbox simulator.\r\n\r\n"
        "The recipient is out of the office. Your message was delivered.\r\n"
    ),
)


def simulated(address: str) -> bool:
    """Whether an address is one of the mailbox simulator."""
    return address.rpartition("@")[2].lower().rstrip(".") == DOMAIN


def kind(address: str) -> str:
    """What an address of the simulator asks for: `success`, `bounce`, …; empty for any other."""
    return address.rpartition("@")[0].partition("+")[0].lower() if simulated(address) else ""


def outcome(attempt: Attempt) -> Decision | None:
    """What becomes of mail to the simulator; None for any other recipient."""
    if attempt.domain != DOMAIN:
        return None
    wanted = kind(attempt.recipient)
    return _OUTCOMES.get(wanted, _unknown)(attempt)


def _delivered(attempt: Attempt, follow_up: FollowUp | None = None, auto_reply: AutoReply | None = None) -> Decision:
    why = f"{kind(attempt.recipient)} of the mailbox simulator"
    return Decision(verdict=Verdict.DELIVERED, reply=_OK, mta=MTA, why=why, follow_up=follow_up, auto_reply=auto_reply)


def _bounced(attempt: Attempt) -> Decision:
    reply = f"550 5.1.1 As requested: user unknown <{attempt.recipient}>"
    return Decision(verdict=Verdict.PERMANENT, reply=reply, mta=MTA, why="bounce of the mailbox simulator")


def _suppressed(attempt: Attempt) -> Decision:
    why = f"{kind(attempt.recipient)} of the mailbox simulator"
    return Decision(verdict=Verdict.PERMANENT, reply=SUPPRESSED, mta="amazonses.com", why=why)


def _unknown(attempt: Attempt) -> Decision:
    reply = f"550 5.1.1 user unknown <{attempt.recipient}>"
    return Decision(verdict=Verdict.PERMANENT, reply=reply, mta=MTA, why="no address of the mailbox simulator")


_OUTCOMES: Mapping[str, Callable[[Attempt], Decision]] = {
    "success": _delivered,
    "ooto": lambda attempt: _delivered(attempt, auto_reply=OUT_OF_OFFICE),
    "complaint": lambda attempt: _delivered(attempt, FollowUp.COMPLAINT),
    "bounce": _bounced,
    "suppressionlist": _suppressed,
}
