"""DMARC: which policy counts for a domain, what is aligned, and how the three verdicts fit together."""

import pytest
from mail_dns import BROKEN, Table, wait

from sandbox.core import dmarc
from sandbox.core.auth_results import Publish
from sandbox.core.delivered_copy import Advice, DeliveredCopy
from sandbox.core.dkim import SigningKey, make_private_key, public_record, sign
from sandbox.core.verdicts import judge

KEY = make_private_key(1024)
BODY = b"From: Ann <ann@example.com>\r\nSubject: Hi\r\n\r\nHello\r\n"


@pytest.mark.parametrize(
    ("domain", "organization"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("Mail.Example.COM.", "example.com"),
        ("shop.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("a.example.com.br", "example.com.br"),
        ("a.example.de", "example.de"),
        ("a.example.io", "example.io"),
        ("com", "com"),
    ],
)
def test_the_organizational_domain(domain, organization):
    assert dmarc.organizational(domain) == organization


@pytest.mark.parametrize(
    ("author", "other", "relaxed", "strict"),
    [
        ("example.com", "example.com", True, True),
        ("example.com", "EXAMPLE.com.", True, True),
        ("example.com", "mail.example.com", True, False),
        ("news.example.com", "example.com", True, False),
        ("example.com", "example.org", False, False),
        ("example.com", "notexample.com", False, False),
        ("a.example.co.uk", "b.other.co.uk", False, False),
        ("example.com", "", False, False),
        ("", "", False, False),
    ],
)
def test_alignment(author, other, relaxed, strict):
    assert dmarc.aligned(author, other, strict=False) is relaxed
    assert dmarc.aligned(author, other, strict=True) is strict


def discover(domain, rows):
    return wait(dmarc.discover(Table({(name, "TXT"): data for name, data in rows.items()}), None, domain))


def test_a_domains_own_record_comes_before_that_of_its_organization():
    rows = {"_dmarc.a.example.com": ["v=DMARC1; p=none"], "_dmarc.example.com": ["v=DMARC1; p=reject"]}

    assert discover("a.example.com", rows).wish == "none"


def test_a_subdomain_inherits_the_policy_for_subdomains():
    rows = {"_dmarc.example.com": ["v=DMARC1; p=reject; sp=quarantine; adkim=s"]}

    found = discover("a.example.com", rows)
    assert (found.wish, found.strict_dkim, found.strict_spf) == ("quarantine", True, False)
    assert discover("example.com", rows).wish == "reject"


@pytest.mark.parametrize(
    "records", [[], ["v=spf1 -all"], ["v=DMARC1; p=none", "v=DMARC1; p=reject"], ["v=DMARC2; p=none"]]
)
def test_no_record_or_several_count_as_none(records):
    assert discover("example.com", {"_dmarc.example.com": records}) is None


def test_a_record_without_a_policy_counts_only_when_it_asks_for_reports():
    assert discover("example.com", {"_dmarc.example.com": ["v=DMARC1; rua=mailto:a@b.test"]}).wish == "none"
    with pytest.raises(dmarc.DmarcError, match="no valid p="):
        discover("example.com", {"_dmarc.example.com": ["v=DMARC1; p=maybe"]})


def test_a_failing_look_up_is_temporary():
    with pytest.raises(dmarc.DmarcError) as caught:
        discover("example.com", {"_dmarc.example.com": [BROKEN]})
    assert caught.value.temporary


# all three together


def verdicts(rows, *, octets=BODY, signers=(), return_path="b@rp.service.test", advice=None):
    for domain in signers:
        key = SigningKey(domain=domain, selector="s1", private_key=KEY)
        octets = sign(octets, key, ["From", "Subject"]) + octets
    copy = DeliveredCopy(
        octets=octets,
        recipient="bob@example.net",
        return_path=return_path,
        helo="mta.service.test",
        at=1.0,
        advice=advice or Advice(),
    )
    return wait(judge(Table({(name, "TXT"): data for name, data in rows.items()}), None, copy))


def published(*domains):
    return {f"s1._domainkey.{domain}": [public_record(KEY)] for domain in domains}


SERVICE = {"rp.service.test": ["v=spf1 ip4:192.0.2.25 -all"]}
REJECT = {"_dmarc.example.com": ["v=DMARC1; p=reject"]}


def test_the_authors_own_signature_makes_dmarc_pass():
    found = verdicts(
        {**published("example.com", "service.test"), **SERVICE, **REJECT}, signers=["service.test", "example.com"]
    )

    assert (found.dkim.result, found.spf.result, found.dmarc.result) == ("pass", "pass", "pass")
    assert [(one.domain, one.aligned) for one in found.dkim.signatures] == [
        ("example.com", True),
        ("service.test", False),
    ]
    assert found.dmarc.aligned_by == ("dkim",)
    assert found.dmarc.disposition == "none"
    assert found.dkim.publish == found.dmarc.publish == ()


def test_only_the_services_signature_is_not_aligned():
    advice = Advice(
        keys={"x._domainkey.example.com": Publish(name="x._domainkey.example.com", type="CNAME", value="x.test")},
        unsigned="example.com has no DKIM",
    )
    found = verdicts({**published("service.test"), **SERVICE, **REJECT}, signers=["service.test"], advice=advice)

    assert found.dkim.reason == ("signed by service.test only: not aligned with example.com; example.com has no DKIM")
    assert (found.dmarc.result, found.dmarc.disposition) == ("fail", "reject")
    assert found.dmarc.publish == tuple(advice.keys.values())
    assert "DKIM passed for service.test only" in found.dmarc.reason


def test_a_key_that_is_not_published_says_what_to_publish():
    wanted = Publish(name="s1._domainkey.example.com", type="CNAME", value="s1.example.com.dkim.iad1.test")
    found = verdicts({**SERVICE, **REJECT}, signers=["example.com"], advice=Advice(keys={wanted.name: wanted}))

    assert found.dkim.result == "permerror"
    assert found.dkim.reason == (
        "no record at s1._domainkey.example.com: "
        "publish CNAME s1._domainkey.example.com → s1.example.com.dkim.iad1.test"
    )
    assert found.dkim.publish == (wanted,)
    assert found.dmarc.publish == (wanted,)


def test_a_return_path_of_ones_own_aligns_spf():
    rows = {"iad1.rp.example.com": ["v=spf1 ip4:192.0.2.0/24 -all"], **REJECT}

    found = verdicts(rows, return_path="b@iad1.rp.example.com")
    assert (found.dmarc.result, found.dmarc.aligned_by) == ("pass", ("spf",))
    strict = verdicts(
        {**rows, "_dmarc.example.com": ["v=DMARC1; p=reject; aspf=s"]}, return_path="b@iad1.rp.example.com"
    )
    assert (strict.dmarc.result, strict.spf.aligned) == ("fail", False)


def test_without_a_record_there_is_no_dmarc_result_but_advice():
    found = verdicts({})

    assert (found.dkim.result, found.spf.result, found.dmarc.result) == ("none", "none", "none")
    assert [(one.name, one.type) for one in found.dmarc.publish] == [("_dmarc.example.com", "TXT")]


def test_the_null_sender_is_judged_by_the_name_of_the_host():
    found = verdicts({"mta.service.test": ["v=spf1 +all"]}, return_path="")

    assert (found.spf.domain, found.spf.result) == ("mta.service.test", "pass")


def test_failing_look_ups_are_temporary_errors():
    broken = {"rp.service.test": [BROKEN], "_dmarc.example.com": [BROKEN], "s1._domainkey.example.com": [BROKEN]}
    found = verdicts(broken, signers=["example.com"])

    assert {found.dkim.result, found.spf.result, found.dmarc.result} == {"temperror"}


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"From: a@one.test, b@two.test\r\n", "2 domains"),
        (b"Subject: nobody\r\n", "no address"),
        (b"From: \xff\xfe<<>>\r\n", "no address"),
    ],
)
def test_an_author_that_is_not_one_domain_is_an_error(head, words):
    found = verdicts({}, octets=head + b"\r\nx\r\n")

    assert found.dmarc.result == "permerror"
    assert words in found.dmarc.reason


def test_an_international_domain_is_looked_up_as_a_labels():
    found = verdicts({"_dmarc.xn--bcher-kva.test": ["v=DMARC1; p=none"]}, octets="From: a@bücher.test\r\n\r\n".encode())

    assert (found.dmarc.domain, found.dmarc.record) == ("xn--bcher-kva.test", "_dmarc.xn--bcher-kva.test")
