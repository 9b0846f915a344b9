"""SPF as RFC 7208 defines it: its own examples, the limits, and records that nobody should publish."""

from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_dns import BROKEN, Table, wait

from sandbox.core.spf import LOOKUPS, Sender, SpfSyntaxError, check_host, parse
from sandbox.core.spf.macros import expand, letters

HOSTS = {
    ("example.com", "MX"): ["10 mail-a.example.com.", "20 mail-b.example.com."],
    ("example.com", "A"): ["192.0.2.10", "192.0.2.11"],
    ("amy.example.com", "A"): ["192.0.2.65"],
    ("bob.example.com", "A"): ["192.0.2.66"],
    ("mail-a.example.com", "A"): ["192.0.2.129"],
    ("mail-b.example.com", "A"): ["192.0.2.130"],
    ("example.org", "MX"): ["10 mail-c.example.org."],
    ("mail-c.example.org", "A"): ["192.0.2.140"],
    ("v6.example.com", "AAAA"): ["2001:db8::25"],
    ("10.2.0.192.in-addr.arpa", "PTR"): ["example.com."],
    ("11.2.0.192.in-addr.arpa", "PTR"): ["example.com."],
    ("65.2.0.192.in-addr.arpa", "PTR"): ["amy.example.com."],
    ("66.2.0.192.in-addr.arpa", "PTR"): ["bob.example.com."],
    ("140.2.0.192.in-addr.arpa", "PTR"): ["mail-c.example.org."],
    ("4.0.0.10.in-addr.arpa", "PTR"): ["bob.example.com."],
}
"""The zone of RFC 7208 appendix A."""


def check(record, address="192.0.2.25", *, sender="strong-bad@example.com", more=None, domain="example.com"):
    rows = {**HOSTS, **(more or {})}
    if record is not None:
        rows["example.com", "TXT"] = [record] if isinstance(record, str) else record
    table = Table(rows)
    return wait(check_host(table, None, Sender(address=ip_address(address), mail_from=sender, helo="mta.test"), domain))


@pytest.mark.parametrize(
    ("record", "good", "bad"),
    [
        ("v=spf1 +all", ["192.0.2.129", "198.51.100.1"], []),
        ("v=spf1 a -all", ["192.0.2.10", "192.0.2.11"], ["192.0.2.12"]),
        ("v=spf1 a:example.org -all", [], ["192.0.2.140"]),
        ("v=spf1 mx -all", ["192.0.2.129", "192.0.2.130"], ["192.0.2.10"]),
        ("v=spf1 mx:example.org -all", ["192.0.2.140"], ["192.0.2.129"]),
        ("v=spf1 mx mx:example.org -all", ["192.0.2.129", "192.0.2.130", "192.0.2.140"], ["192.0.2.131"]),
        ("v=spf1 mx/30 mx:example.org/30 -all", ["192.0.2.131", "192.0.2.143"], ["192.0.2.132", "192.0.2.139"]),
        ("v=spf1 ptr -all", ["192.0.2.10", "192.0.2.65", "192.0.2.66"], ["192.0.2.140", "10.0.0.4"]),
        ("v=spf1 ip4:192.0.2.128/28 -all", ["192.0.2.129", "192.0.2.140"], ["192.0.2.65", "192.0.2.144"]),
        ("v=spf1 a:v6.example.com//64 -all", ["2001:db8::ffff"], ["2001:db8:1::25", "192.0.2.10"]),
        ("v=spf1 ip6:2001:db8::/32 -all", ["2001:db8::1"], ["2001:db9::1", "192.0.2.1"]),
        ("V=SPF1 IP4:192.0.2.0/24 -ALL", ["192.0.2.1"], ["198.51.100.1"]),
    ],
)
def test_the_simple_examples_of_the_standard(record, good, bad):
    assert {address: check(record, address).result for address in good} == dict.fromkeys(good, "pass")
    assert {address: check(record, address).result for address in bad} == dict.fromkeys(bad, "fail")


@pytest.mark.parametrize(
    ("record", "result"),
    [
        (None, "none"),
        ("v=spf10 +all", "none"),
        ("v=spf1", "neutral"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 -all", "fail"),
        ("v=spf1 ip4:192.0.2.25 -all", "pass"),
        (["v=spf1 -all", "v=spf1 +all"], "permerror"),
        (["some text", "v=spf1 +all"], "pass"),
        ("v=spf1 unknown +all", "permerror"),
        ("v=spf1 -all:example.com", "permerror"),
        ("v=spf1 include +all", "permerror"),
        ("v=spf1 ip4:192.0.2.256 +all", "permerror"),
        ("v=spf1 ip4:2001:db8::1 +all", "permerror"),
        ("v=spf1 a/33 +all", "permerror"),
        ("v=spf1 a:%{x}.example.com +all", "permerror"),
        ("v=spf1 redirect=a.test redirect=b.test", "permerror"),
        ("v=spf1 future=whatever +all", "pass"),
        ("v=spf1 include:nowhere.test +all", "permerror"),
        ("v=spf1 redirect=nowhere.test", "permerror"),
        ("v=spf1 +all redirect=nowhere.test", "pass"),
        ("v=spf1 include:broken.test +all", "temperror"),
        ("v=spf1 include:pass.test -all", "pass"),
        ("v=spf1 include:fail.test ~all", "softfail"),
        ("v=spf1 redirect=fail.test", "fail"),
        ("v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all", "pass"),
        ("v=spf1 exists:%{l1r-}.%{d} -all", "fail"),
    ],
)
def test_records_and_their_results(record, result):
    more = {
        ("broken.test", "TXT"): [BROKEN],
        ("pass.test", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
        ("fail.test", "TXT"): ["v=spf1 -all"],
        ("25.2.0.192.in-addr._spf.example.com", "A"): ["127.0.0.2"],
    }
    answer = check(record, more=more)

    assert answer.result == result, answer.reason
    assert answer.reason


def test_the_reason_names_the_mechanism_that_decided():
    more = {("pass.test", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"]}

    assert check("v=spf1 include:pass.test -all", more=more).reason == (
        "include:pass.test of example.com matches 192.0.2.25"
    )


def test_ten_terms_may_cause_look_ups_and_no_more():
    names = {(f"n{number}.test", "TXT"): ["v=spf1 ?all"] for number in range(LOOKUPS + 1)}
    includes = [f"include:n{number}.test" for number in range(LOOKUPS + 1)]

    assert check(" ".join(["v=spf1", *includes[:LOOKUPS], "+all"]), more=names).result == "pass"
    assert check(" ".join(["v=spf1", *includes, "+all"]), more=names).result == "permerror"


def test_a_record_that_includes_itself_ends():
    assert check("v=spf1 include:example.com +all").result == "permerror"


def test_two_look_ups_may_find_nothing_and_no_more():
    assert check("v=spf1 a:x1.test mx:x2.test +all").result == "pass"
    assert check("v=spf1 a:x1.test mx:x2.test exists:x3.test +all").result == "permerror"


def test_more_than_ten_exchangers_are_an_error():
    hosts = {("many.test", "MX"): [f"{number} h{number}.test." for number in range(11)]}

    assert check("v=spf1 mx:many.test +all", more=hosts).result == "permerror"


@pytest.mark.parametrize("domain", ["", "localhost", "a..b", "x" * 64 + ".test", "." * 10])
def test_a_domain_that_can_have_no_record_has_no_result(domain):
    assert check(None, domain=domain).result == "none"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("a%%b%_c%-d", "a%b c%20d"),
    ],
)
def test_macros_expand_as_in_the_standard(spec, expected):
    values = letters(
        sender="strong-bad@email.example.com",
        domain="email.example.com",
        helo="mx.example.org",
        address=ip_address("192.0.2.3"),
    )

    assert expand(spec, values) == expected


def test_an_ipv6_address_expands_to_its_nibbles():
    values = letters(sender="a@b.test", domain="b.test", helo="h", address=ip_address("2001:db8::cb01"))

    assert expand("%{ir}.%{v}", values) == "1.0.b.c." + "0." * 20 + "8.b.d.0.1.0.0.2.ip6"


def test_a_name_that_grows_too_long_loses_labels_from_the_left():
    labels = [letter * 50 for letter in "abcd"]

    assert expand("%{d}.%{d}", {"d": ".".join(labels)}) == ".".join(labels)


@given(st.text(max_size=200))
def test_no_text_makes_the_parser_fail_otherwise_than_by_saying_so(text):
    with suppress(SpfSyntaxError):
        parse("v=spf1 " + text)


TERMS = "a mx ptr all include:%{d} exists:%{i}.x.test redirect=%{o} -all a/0 mx//0"


@given(st.lists(st.sampled_from(TERMS.split(" "))))
def test_any_combination_of_terms_comes_to_a_result(terms):
    assert check(" ".join(["v=spf1", *terms])).result in {
        "pass",
        "fail",
        "softfail",
        "neutral",
        "none",
        "permerror",
    }
