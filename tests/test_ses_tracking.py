"""Opens and clicks: what the delivered copy has, what its links answer, and what is told of them."""

import http.client
import re
from email import message_from_string
from email.policy import default
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import Topic, kit

from sandbox.providers.ses import html_parts
from sandbox.providers.ses.links import listed, rewritten

PAGE = (
    '<html><body><a href="https://example.com/a?b=c&amp;d=%20e" ses:tags="place:top;kind:x">one</a> '
    "<a class=x ses:no-track href='https://example.com/secret'>two</a> "
    '<a href="mailto:a@example.org">mail</a> <A HREF=http://example.com/plain>three</A></body></html>'
)


def test_links_are_found_with_their_tags():
    found = listed(PAGE)
    assert [(link.number, link.url, dict(link.tags)) for link in found] == [
        (1, "https://example.com/a?b=c&d=%20e", {"place": ["top"], "kind": ["x"]}),
        (2, "http://example.com/plain", {}),
    ]


def test_links_are_put_in_place_and_nothing_else_changes():
    text, following = rewritten(PAGE, lambda link: f"http://t/{link.number}")
    assert following == 3
    assert text == (
        '<html><body><a href="http://t/1">one</a> '
        "<a class=x href='https://example.com/secret'>two</a> "
        '<a href="mailto:a@example.org">mail</a> <A HREF="http://t/2">three</A></body></html>'
    )


def test_at_most_250_links_are_tracked():
    page = '<a href="http://example.com/">x</a>' * 300
    assert len(listed(page)) == 250


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<a ", "<a", "href=", '"', "'", ">", "http://x/", "ses:tags", "=", " ", "\n", "é", "</a>", "<"]
        )
    ).map("".join)
)
def test_no_html_breaks_the_search(text):
    assert rewritten(text, lambda link: link.url)[1] == len(listed(text)) + 1
    if not listed(text) and "ses:" not in text:
        assert rewritten(text, lambda _: "x")[0] == text


def test_hostile_html_is_searched_in_no_time():
    for page in (
        '<a "' * 200_000,
        "<a x='" * 200_000,
        "<a " * 500_000,
        "<a href=" + "x" * 1_000_000,
        "<a" + " " * 8_000 + ">",
    ):
        assert listed(page) == []


def multipart(html, encoding="7bit", kind="alternative"):
    return (
        f'From: a@example.com\r\nContent-Type: multipart/{kind}; boundary="b b"\r\n\r\nbefore\r\n--b b\r\n'
        f"Content-Type: text/plain\r\n\r\nplain\r\n--b b\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n{html}\r\n--b b--\r\nafter\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("encoding", "html"),
    [("7bit", "<p>x</p>"), ("quoted-printable", "<p>=C3=A4 x</p>"), ("base64", "PHA+eDwvcD4="), ("8bit", "<p>ä x</p>")],
)
def test_only_the_html_of_a_message_changes(encoding, html):
    raw = multipart(html, encoding)
    changed = html_parts.edited(raw, lambda kind, text: text.replace("x", "X" * 2000 + "ö") if kind == "html" else text)
    read = message_from_string(changed.decode(), policy=default)
    assert "X" * 2000 + "ö" in read.get_body(("html",)).get_content()
    assert max(map(len, changed.split(b"\r\n"))) <= 998
    assert changed.startswith(raw[: raw.index(b"Content-Type: text/html")])
    assert changed.endswith(b"\r\n--b b--\r\nafter\r\n")
    assert html_parts.edited(raw, lambda _, text: text) == raw


@pytest.mark.parametrize(
    "raw",
    [
        multipart("<p>x</p>", kind="signed"),
        multipart("?", "base64"),
        b"Content-Type: text/html; charset=utf-8\r\nContent-Disposition: attachment\r\n\r\n<p>x</p>\r\n",
        b"Content-Type: multipart/mixed\r\n\r\n<p>x</p>\r\n",
        b"no fields at all",
        b"",
    ],
)
def test_what_is_signed_attached_or_broken_stays(raw):
    assert html_parts.edited(raw, lambda kind, text: text + "!" if kind == "html" else text) == raw


@settings(deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from([b"multipart/mixed; boundary=x", b"text/html", b"text/html; charset=zip"])
)
def test_no_message_breaks_the_editing(body, kind):
    raw = b"Content-Type: " + kind + b"\r\n\r\n" + body.replace(b"y", b"\r\n--x\r\n")
    assert html_parts.edited(raw, lambda _, text: text) == raw


@pytest.fixture(scope="module")
def topic():
    made = Topic()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ses(topic):
    given_ = {
        "topics": [{"arn": "t", "endpoint": topic.url}],
        "verified_identities": ["noreply@example.com", "example.com"],
    }
    with kit(**given_) as made:
        arn = made.sns.list_topics()["Topics"][0]["TopicArn"]
        for name, kinds in (("both", ["OPEN", "CLICK"]), ("opens", ["OPEN"]), ("neither", ["SEND"])):
            made.v2.create_configuration_set(ConfigurationSetName=name)
            made.v2.create_configuration_set_event_destination(
                ConfigurationSetName=name,
                EventDestinationName="d",
                EventDestination={"Enabled": True, "MatchingEventTypes": kinds, "SnsDestination": {"TopicArn": arn}},
            )
        yield made


def html_of(ses, sent, recipient="a@example.org"):
    return message_from_string(ses.copy(sent, recipient), policy=default).get_body(("html",)).get_content()


def fetch(url, agent="Reader/1.0", method="GET"):
    """Status, headers and body; redirects are not followed, so that nothing outside is asked."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, url[url.index("/", 8) :], headers={"User-Agent": agent})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_a_picture_counts_opens_and_a_link_counts_clicks(ses, topic):
    sent = ses.send("a@example.org", html=PAGE, ConfigurationSetName="both")
    page = html_of(ses, sent)
    (picture,) = re.findall(
        r'<img alt="" src="([^"]+/I0/[^"]+)" style="display: none; width: 1px; height: 1px;"></body>', page
    )
    links = re.findall(r'(?i)href="?([^" >]+/L0/[^" >]+)', page)
    assert len(links) == 2
    assert "/L0/https:%2F%2Fexample.com%2Fa%3Fb=c%26d=%2520e/1/" in links[0]
    assert f"/{sent}/" in links[0]
    assert "ses:" not in page
    assert "https://example.com/secret" in page

    status, headers, body = fetch(picture)
    assert (status, headers["Content-Type"], body[:6]) == (200, "image/gif", b"GIF89a")
    opened = topic.event("Open", sent)["open"]
    assert (opened["ipAddress"], opened["userAgent"]) == ("127.0.0.1", "Reader/1.0")

    status, headers, _ = fetch(links[0])
    assert (status, headers["Location"]) == (302, "https://example.com/a?b=c&d=%20e")
    click = topic.event("Click", sent)["click"]
    assert (click["link"], click["linkTags"]) == ("https://example.com/a?b=c&d=%20e", {"place": ["top"], "kind": ["x"]})
    fetch(picture)
    topic.until(lambda _: len(topic.events("Open", sent)) == 2)


def test_only_what_is_wanted_is_tracked(ses):
    assert "/I0/" not in html_of(ses, ses.send("a@example.org", html=PAGE, ConfigurationSetName="neither"))
    assert "/I0/" not in html_of(ses, ses.send("a@example.org", html=PAGE))
    page = html_of(ses, ses.send("a@example.org", html=PAGE, ConfigurationSetName="opens"))
    assert "/I0/" in page
    assert "/L0/" not in page
    override = {"Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "ENABLED"}}
    page = html_of(
        ses, ses.send("a@example.org", html=PAGE, ConfigurationSetName="opens", ConfigurationOverrides=override)
    )
    assert "/I0/" not in page
    assert "/L0/" in page


def test_the_dashboard_wants_both(ses):
    dashboard = {"DashboardOptions": {"EngagementMetrics": "ENABLED"}}
    ses.v2.create_configuration_set(ConfigurationSetName="dashboard", VdmOptions=dashboard)
    page = html_of(ses, ses.send("a@example.org", html=PAGE, ConfigurationSetName="dashboard"))
    assert "/I0/" in page
    assert "/L0/" in page


def test_the_picture_stands_where_the_placeholder_is(ses):
    page = "<body>{{ses:openTracker}}<p>x</p>{{ses:openTracker}}</body>"
    assert re.fullmatch(
        r"<body><img [^>]+/I0/[^>]+><p>x</p></body>\s*",
        html_of(ses, ses.send("a@example.org", html=page, ConfigurationSetName="both")),
    )
    assert html_of(ses, ses.send("a@example.org", html=page)).strip() == "<body><p>x</p></body>"


def test_the_accepted_octets_stay_as_they_were(ses):
    sent = ses.send("a@example.org", html=PAGE, ConfigurationSetName="both")
    assert "/L0/" not in ses.raw(sent).decode()


def test_each_recipient_has_its_own_picture(ses, topic):
    sent = ses.send("a@example.org", "b@example.org", html="<p>x</p>", ConfigurationSetName="both")
    pictures = [re.search(r'src="([^"]+)"', html_of(ses, sent, who))[1] for who in ("a@example.org", "b@example.org")]
    assert pictures[0] != pictures[1]
    fetch(pictures[1])
    topic.event("Open", sent)
    events = ses.sandbox.call(ses.services.store.events.of_message(ses.record(sent).id))
    assert [event.recipient for event in events if event.type == "recipient.opened"] == ["b@example.org"]


def test_nobody_is_led_anywhere_else(ses):
    sent = ses.send("a@example.org", html=PAGE, ConfigurationSetName="both")
    link = re.search(r'href="([^"]+/L0/[^"]+)"', html_of(ses, sent))[1]
    root = link[: link.index("/L0/")]
    tail = link.rpartition(f"/1/{sent}/")[2]
    for forged in (
        f"{root}/L0/https:%2F%2Fevil.example/1/{sent}/{tail}",
        f"{root}/L0/https:%2F%2Fexample.com%2Fsecret/1/{sent}/{tail}",
        link.replace("/1/", "/2/"),
        link[:-2] + "=1",
        link.replace(tail, "x" * 27 + "=0"),
        f"{root}/L0/", f"{root}/I0/{sent}", f"{root}/I0/{sent}/{tail}0", f"{root}/L0/x/y/z/=9999999999999999999999",
    ):  # fmt: skip
        assert fetch(forged)[0] == 404, forged
    before = ses.sandbox.call(ses.services.store.events.of_message(ses.record(sent).id))
    assert fetch(link, method="HEAD")[0] == 302, "a program that only looks is no click"
    after = ses.sandbox.call(ses.services.store.events.of_message(ses.record(sent).id))
    assert not [event for event in after if event.type == "recipient.clicked"], before


@pytest.mark.parametrize(
    ("policy", "picture", "secure", "plain"),
    [
        ("OPTIONAL", "http", "https", "http"),
        ("REQUIRE", "https", "https", "https"),
        ("REQUIRE_OPEN_ONLY", "https", "https", "http"),
    ],
)
def test_a_domain_of_the_customer_stands_in_the_links(ses, policy, picture, secure, plain):
    ses.v2.put_configuration_set_tracking_options(
        ConfigurationSetName="both", CustomRedirectDomain="go.example.com", HttpsPolicy=policy
    )
    try:
        page = html_of(ses, ses.send("a@example.org", html=PAGE, ConfigurationSetName="both"))
    finally:
        ses.v2.put_configuration_set_tracking_options(ConfigurationSetName="both")
    assert f'src="{picture}://go.example.com/CI0/' in page
    assert f'"{secure}://go.example.com/CL0/https:' in page
    assert f'"{plain}://go.example.com/CL0/http:' in page
