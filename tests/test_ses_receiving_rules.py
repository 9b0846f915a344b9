"""Which receipt rules and IP filters an arriving message meets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.ses.receiving.matching import admitted, applies, covers, meetings, needs_tls

LABELS = st.text("abcdefghij", min_size=1, max_size=6)


def rule(name, *recipients, enabled=True, tls="Optional"):
    return {"Name": name, "Enabled": enabled, "TlsPolicy": tls, "Recipients": list(recipients), "Actions": []}


@pytest.mark.parametrize(
    ("condition", "address", "met"),
    [
        ("user@example.com", "user@example.com", True),
        ("user@example.com", "User@EXAMPLE.com", True),
        ("user@example.com", "user+label@example.com", True),
        ("user+label@example.com", "user@example.com", False),
        ("user@example.com", "other@example.com", False),
        ("example.com", "anyone@example.com", True),
        ("example.com", "anyone@mail.example.com", False),
        ("example.com", "anyone@badexample.com", False),
        (".example.com", "anyone@mail.example.com", True),
        (".example.com", "anyone@a.b.example.com", True),
        (".example.com", "anyone@example.com", False),
        (".example.com", "anyone@badexample.com", False),
    ],
)
def test_a_recipient_condition(condition, address, met):
    assert covers(condition, address) is met


@given(LABELS, LABELS, LABELS)
def test_a_domain_and_its_subdomains_never_meet_the_same_condition(local, sub, domain):
    parent, child = f"{local}@{domain}.test", f"{local}@{sub}.{domain}.test"
    assert covers(f"{domain}.test", parent)
    assert not covers(f"{domain}.test", child)
    assert covers(f".{domain}.test", child)
    assert not covers(f".{domain}.test", parent)


@given(LABELS, LABELS)
def test_a_label_reaches_the_mailbox_that_has_it(local, label):
    assert covers(f"{local}@example.com", f"{local}+{label}@example.com")
    assert not covers(f"{local}+{label}@example.com", f"{local}@example.com")


def test_a_rule_without_conditions_is_for_everybody_once_it_is_enabled():
    assert applies(rule("all"), "anyone@example.com")
    assert not applies(rule("all", enabled=False), "anyone@example.com")


def test_rules_meet_a_message_in_their_order_each_with_its_own_recipients():
    rules = [rule("support", "support@example.com"), rule("off", enabled=False), rule("rest", "example.com")]
    found = meetings(rules, ["ann@example.com", "support@example.com", "x@other.test"])
    assert [(one.rule["Name"], one.recipients) for one in found] == [
        ("support", ["support@example.com"]),
        ("rest", ["ann@example.com", "support@example.com"]),
    ]


def test_tls_is_needed_when_no_rule_does_without():
    strict, lax = rule("strict", "example.com", tls="Require"), rule("lax", "ann@example.com")
    assert needs_tls([strict], "ann@example.com")
    assert not needs_tls([strict, lax], "ann@example.com")
    assert needs_tls([strict, lax], "bob@example.com")
    assert not needs_tls([strict], "ann@other.test")


def blocking(*networks):
    return [{"Policy": "Block", "Cidr": network} for network in networks]


@pytest.mark.parametrize(
    ("filters", "client", "let_in"),
    [
        ([], "203.0.113.9", True),
        (blocking("203.0.113.0/24"), "203.0.113.9", False),
        (blocking("203.0.113.0/24"), "198.51.100.1", True),
        (blocking("203.0.113.9"), "203.0.113.9", False),
        ([*blocking("0.0.0.0/0"), {"Policy": "Allow", "Cidr": "203.0.113.9/32"}], "203.0.113.9", True),
        ([*blocking("0.0.0.0/0"), {"Policy": "Allow", "Cidr": "203.0.113.9/32"}], "203.0.113.10", False),
        (blocking("0.0.0.0/0"), "2001:db8::1", True),
        (blocking("2001:db8::/32"), "2001:db8::1", False),
        (blocking("0.0.0.0/0"), "unknown", True),
    ],
)
def test_ip_filters_block_unless_another_allows(filters, client, let_in):
    assert admitted(filters, client) is let_in
