"""Templates: the language, both APIs, sending with them, and what is wrong with some."""

import contextlib
import json
from email import message_from_string
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import kit

from sandbox.providers.ses.handlebars import MissingAttributeError, RenderingError, TemplateError, evaluate, parse
from sandbox.providers.ses.rendering import LATER

PEOPLE = {"name": "Ann", "contact": {"city": "Linz"}, "subscription": [{"interest": "Sport"}, {"interest": "Art"}]}
WRITTEN = [
    ("Hello {{name}}!", "Hello Ann!"),
    ("{{contact.city}} {{contact/city}} {{contact.[city]}}", "Linz Linz Linz"),
    ("{{ name }}{{{name}}}{{&name}}", "AnnAnnAnn"),
    ("{{markup}}", "<b>&amp;</b>"),
    ("{{#each subscription}}{{interest}},{{/each}}", "Sport,Art,"),
    ("{{#each subscription}}{{@index}}{{#unless @last}} {{/unless}}{{/each}}", "0 1"),
    ("{{#each subscription}}{{name}} {{../name}} {{@root.name}};{{/each}}", "Ann Ann Ann;Ann Ann Ann;"),
    ("{{#each contact}}{{@key}}={{this}}{{/each}}", "city=Linz"),
    ("{{#each subscription as |one at|}}{{at}}{{one.interest}}{{/each}}", "0Sport1Art"),
    ("{{#each none}}x{{else}}nobody{{/each}}", "nobody"),
    ("{{#if name}}yes{{else}}no{{/if}}{{#if nobody}}yes{{else}}no{{/if}}", "yesno"),
    ("{{#if nobody}}a{{else if name}}b{{else}}c{{/if}}", "b"),
    ("{{#if zero}}a{{else}}b{{/if}}{{#if zero includeZero=true}}a{{/if}}", "ba"),
    ("{{#unless nobody}}none{{/unless}}{{^nobody}}none{{/nobody}}", "nonenone"),
    ("{{#with contact}}{{city}}{{/with}}{{#contact}}{{city}}{{/contact}}", "LinzLinz"),
    ("{{#subscription}}{{interest}} {{/subscription}}", "Sport Art "),
    ("{{lookup contact 'city'}} {{subscription.1.interest}} {{subscription.length}}", "Linz Art 2"),
    ("{{zero}} {{half}} {{yes}} {{contact}} {{list}}", "0 0.5 true {city=Linz} [1, a]"),
    ('{{#* inline "full"}}{{name}}{{#if last}} {{last}}{{/if}}{{/inline~}}\n\nHello {{> full}}!', "Hello Ann!"),
    ('{{#* inline "city"}}{{town}}{{/inline}}{{> city town=contact.city}}', "Linz"),
    ("{{#> frame}}default{{/frame}}", "default"),
    ('{{#* inline "frame"}}<{{> @partial-block}}>{{/inline}}{{#> frame}}{{name}}{{/frame}}', "<Ann>"),
    ("a {{~ name ~}} b{{! not shown }}{{!-- {{nor}} this --}}", "aAnnb"),
    (r"\{{name}} and {{name}}", "{{name}} and Ann"),
    ("{{amazonSESUnsubscribeUrl}}{{ses:openTracker}}", "{{amazonSESUnsubscribeUrl}}{{ses:openTracker}}"),
    ("no mustache { } }} at all", "no mustache { } }} at all"),
]
DATA = {**PEOPLE, "markup": "<b>&amp;</b>", "zero": 0, "half": 0.5, "yes": True, "list": [1, "a"], "nothing": None}


def write(template, data=DATA):
    return evaluate(parse(template), data, LATER)


@pytest.mark.parametrize(("template", "text"), WRITTEN, ids=range(len(WRITTEN)))
def test_a_template_is_written_out(template, text):
    assert write(template) == text


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{nobody}}", "nobody"),
        ("{{contact.street}}", "contact.street"),
        ("{{nothing}}", "nothing"),
        ("{{#IF name}}x{{/IF}}", "IF"),
        ("{{#nobody}}x{{/nobody}}", "nobody"),
        ("{{upper name}}", "upper"),
        ("{{#each subscription}}{{this.name}}{{/each}}", "this.name"),
    ],
)
def test_what_the_data_has_not_is_named(template, name):
    with pytest.raises(MissingAttributeError) as caught:
        write(template)
    assert str(caught.value) == f"Attribute '{name}' is not present in the rendering data."


@pytest.mark.parametrize(
    "template",
    ["{{name", "{{#if name}}x", "{{/if}}", "{{else}}", "{{}}", "{{#if a}}{{/each}}", "{{[a}}", "{{a b=}}", "{{! open",
     '{{"a', "{{#* block 'x'}}{{/inline}}", "{{{name}}", "{{#if a}}{{else}}{{else}}{{/if}}", "{{(a)}}", "{{a (b}}"],
)  # fmt: skip
def test_a_template_that_cannot_be_read_is_refused(template):
    with pytest.raises(TemplateError):
        parse(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{> unknown}}",
        '{{#* inline "a"}}{{> a}}{{/inline}}{{> a}}',
        "{{#each many}}{{#each @root.many}}{{#each @root.many}}x{{/each}}{{/each}}{{/each}}",
        "{{#each many}}{{#each @root.many}}{{#each @root.many}}{{/each}}{{/each}}{{/each}}",
        "{{#each many}}{{@root.long}}{{/each}}",
    ],
)
def test_what_takes_too_much_is_given_up(template):
    with pytest.raises(RenderingError):
        write(template, {"many": list(range(1_000)), "long": "x" * 20_000})


def test_blocks_cannot_be_nested_without_end():
    with pytest.raises(TemplateError):
        parse("{{#if a}}" * 5_000)
    with pytest.raises(TemplateError):
        parse("{{a " + "(a " * 5_000)


@settings(deadline=None)
@given(st.text())
def test_text_without_mustaches_stays(text):
    template = text.replace("{{", "{ {")
    assert write(template) == template


TOKENS = st.lists(
    st.sampled_from(
        ["{{", "}}", "{{{", "}}}", "#", "/", "^", ">", "*", "~", "if ", "each ", "else", "inline ", "a", ".", "..", "[",
         "]", '"', "'", "(", ")", "|", " as |", "=", "@", "!", "--", "\\", " ", "this", "&", "1", "-", "{{/if}}",
         "{{#if a}}", "{{else}}"]
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(TOKENS)
def test_nothing_breaks_the_engine(tokens):
    """Whatever stands in a template: text comes out, or one of the errors that the service words."""
    with contextlib.suppress(TemplateError, RenderingError):
        assert isinstance(write("".join(tokens), {"a": [{"a": 1}], "if": 2}), str)


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_data_can_be_shown(value):
    written = (
        write("{{#if v}}{{v}}{{/if}}{{#each v}}{{@key}}{{/each}}{{#v}}x{{/v}}", {"v": value})
        if value is not None
        else ""
    )
    assert isinstance(written, str)


@pytest.fixture(scope="module")
def ses():
    with kit() as made:
        yield made


CONTENT = {"Subject": "Hi {{name}}", "Text": "Dear {{name}},\nbye", "Html": "<p>Dear {{name}}, ä</p>"}


def test_templates_of_both_apis_are_the_same_ones(ses):
    before = [row["Name"] for row in ses.v1.list_templates()["TemplatesMetadata"]]
    ses.v2.create_email_template(TemplateName="both", TemplateContent=CONTENT, Tags=[{"Key": "a", "Value": "b"}])
    found = ses.v1.get_template(TemplateName="both")["Template"]
    assert found == {
        "TemplateName": "both",
        "SubjectPart": CONTENT["Subject"],
        "TextPart": CONTENT["Text"],
        "HtmlPart": CONTENT["Html"],
    }
    ses.v1.update_template(Template={"TemplateName": "both", "SubjectPart": "New", "TextPart": "x"})
    found = ses.v2.get_email_template(TemplateName="both")
    assert (found["TemplateContent"], found["Tags"]) == ({"Subject": "New", "Text": "x"}, [{"Key": "a", "Value": "b"}])
    ses.v1.create_template(Template={"TemplateName": "older", "SubjectPart": "x"})
    assert [row["TemplateName"] for row in ses.v2.list_email_templates()["TemplatesMetadata"]][:2] == ["older", "both"]
    page = ses.v1.list_templates(MaxItems=1)
    assert [row["Name"] for row in page["TemplatesMetadata"]] == ["older"]
    page = ses.v1.list_templates(MaxItems=1, NextToken=page["NextToken"])
    assert [row["Name"] for row in page["TemplatesMetadata"]] == ["both"]
    ses.v2.update_email_template(TemplateName="both", TemplateContent=CONTENT)
    ses.v2.delete_email_template(TemplateName="both")
    ses.v1.delete_template(TemplateName="older")
    ses.v1.delete_template(TemplateName="older")
    assert [row["Name"] for row in ses.v1.list_templates()["TemplatesMetadata"]] == before


def test_a_test_render_is_a_message(ses):
    ses.v2.create_email_template(TemplateName="trial", TemplateContent=CONTENT)
    data = json.dumps({"name": "Zoë"})
    for answer in (
        ses.v2.test_render_email_template(TemplateName="trial", TemplateData=data),
        ses.v1.test_render_template(TemplateName="trial", TemplateData=data),
    ):
        message = message_from_string(answer["RenderedTemplate"], policy=default)
        assert message["Subject"] == "Hi Zoë"
        assert message["Date"]
        assert message["From"] is None
        assert message.get_body(("plain",)).get_content().splitlines() == ["Dear Zoë,", "bye"]
        assert message.get_body(("html",)).get_content().strip() == "<p>Dear Zoë, ä</p>"


def test_a_template_is_sent_by_name_by_arn_and_inline(ses):
    ses.v2.create_email_template(TemplateName="sent", TemplateContent=CONTENT)
    arn = f"arn:aws:ses:us-east-1:{ses.v2.get_account and '123456789012'}:template/sent"
    for wish in ({"TemplateName": "sent"}, {"TemplateArn": arn}, {"TemplateContent": CONTENT}):
        sent = ses.v2.send_email(
            FromEmailAddress=ses.sender,
            Destination={"ToAddresses": ["ann@example.org"]},
            Content={
                "Template": {**wish, "TemplateData": '{"name": "Ann"}', "Headers": [{"Name": "X-A", "Value": "b"}]}
            },
        )
        raw = ses.raw(sent["MessageId"]).decode()
        assert "Subject: Hi Ann\r\n" in raw
        assert "X-A: b\r\n" in raw
        assert "Dear Ann" in raw
    older = ses.v1.send_templated_email(
        Source=ses.sender,
        Destination={"ToAddresses": ["ann@example.org"]},
        Template="sent",
        TemplateData='{"name": "Bo"}',
    )
    assert "Subject: Hi Bo\r\n" in ses.raw(older["MessageId"]).decode()


def test_a_bulk_send_fills_in_each_entry(ses):
    ses.v2.create_email_template(TemplateName="bulk", TemplateContent={"Subject": "{{name}} {{city}}", "Text": "x"})
    entries = [
        {"Destination": {"ToAddresses": ["a@example.org"]}},
        {
            "Destination": {"ToAddresses": ["b@example.org"]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": '{"name": "Bo"}'}},
            "ReplacementTags": [{"Name": "kind", "Value": "own"}],
            "ReplacementHeaders": [{"Name": "X-A", "Value": "own"}],
        },
        {"Destination": {"ToAddresses": ["not an address"]}},
    ]
    answer = ses.v2.send_bulk_email(
        FromEmailAddress=ses.sender,
        DefaultContent={
            "Template": {
                "TemplateName": "bulk",
                "TemplateData": '{"name": "N", "city": "C"}',
                "Headers": [{"Name": "x-a", "Value": "default"}, {"Name": "X-B", "Value": "default"}],
            }
        },
        DefaultEmailTags=[{"Name": "kind", "Value": "default"}, {"Name": "all", "Value": "yes"}],
        BulkEmailEntries=entries,
    )["BulkEmailEntryResults"]
    assert [one["Status"] for one in answer] == ["SUCCESS", "SUCCESS", "INVALID_PARAMETER"]
    first, second = (ses.raw(one["MessageId"]).decode() for one in answer[:2])
    assert "Subject: N C\r\n" in first
    assert "Subject: Bo C\r\n" in second
    assert "X-A: own\r\n" in second
    assert "X-B: default\r\n" in second
    assert "x-a: default\r\n" not in second
    assert ses.record(answer[1]["MessageId"]).attributes["tags"] == {"all": ["yes"], "kind": ["own"]}


def test_an_older_bulk_send_has_its_own_words(ses):
    ses.v1.create_template(Template={"TemplateName": "bulk1", "SubjectPart": "{{name}}", "TextPart": "x"})
    answer = ses.v1.send_bulk_templated_email(
        Source=ses.sender,
        Template="bulk1",
        DefaultTemplateData='{"name": "N"}',
        Destinations=[
            {"Destination": {"ToAddresses": ["a@example.org"]}, "ReplacementTemplateData": '{"name": "A"}'},
            {"Destination": {"ToAddresses": ["not an address"]}},
        ],
    )["Status"]
    assert [one["Status"] for one in answer] == ["Success", "InvalidParameterValue"]
    assert "Subject: A\r\n" in ses.raw(answer[0]["MessageId"]).decode()


@pytest.mark.proves("ses.api.BadRequestException.bulk-entries", "ses.api.BadRequestException.template-missing")
def test_a_bulk_send_has_bounds(ses):
    ses.v2.create_email_template(TemplateName="bounds", TemplateContent={"Subject": "x", "Text": "x"})
    entry = {"Destination": {"ToAddresses": ["a@example.org"]}}
    send = ses.v2.send_bulk_email
    content = {"Template": {"TemplateName": "bounds"}}
    ses.refused(
        "api.BadRequestException.bulk-entries",
        send,
        FromEmailAddress=ses.sender,
        DefaultContent=content,
        BulkEmailEntries=[entry] * 51,
    )
    ses.refused(
        "api.BadRequestException.template-missing",
        send,
        FromEmailAddress=ses.sender,
        DefaultContent={"Template": {}},
        BulkEmailEntries=[entry],
    )


@pytest.mark.proves(
    "ses.api.NotFoundException.template",
    "ses.api.TemplateDoesNotExist.template",
    "ses.api.AlreadyExistsException.template",
    "ses.api.AlreadyExists.template",
)
def test_names_of_templates(ses):
    ses.v2.create_email_template(TemplateName="taken", TemplateContent=CONTENT)
    gone = "Template gone does not exist."
    older = {"TemplateName": "taken", "SubjectPart": "x"}
    v1, v2 = ses.v1, ses.v2
    assert ses.refused("api.NotFoundException.template", v2.get_email_template, TemplateName="gone") == gone
    assert ses.refused("api.NotFoundException.template", v2.delete_email_template, TemplateName="gone") == gone
    assert ses.refused("api.TemplateDoesNotExist.template", v1.get_template, TemplateName="gone") == gone
    assert (
        ses.refused("api.TemplateDoesNotExist.template", v1.update_template, Template={**older, "TemplateName": "gone"})
        == gone
    )
    ses.refused(
        "api.AlreadyExistsException.template", v2.create_email_template, TemplateName="taken", TemplateContent=CONTENT
    )
    ses.refused("api.AlreadyExists.template", v1.create_template, Template=older)
    entry = {"Destination": {"ToAddresses": ["a@example.org"]}}
    given = {"FromEmailAddress": ses.sender, "BulkEmailEntries": [entry]}
    ses.refused(
        "api.NotFoundException.template",
        v2.send_bulk_email,
        DefaultContent={"Template": {"TemplateName": "gone"}},
        **given,
    )


@pytest.mark.proves(
    "ses.api.BadRequestException.template-empty",
    "ses.api.InvalidTemplate.empty",
    "ses.api.BadRequestException.template-syntax",
    "ses.api.InvalidTemplate.syntax",
    "ses.api.BadRequestException.template-open-tracker",
    "ses.api.InvalidTemplate.open-tracker",
    "ses.api.BadRequestException.template-size",
    "ses.api.InvalidTemplate.size",
)
@pytest.mark.parametrize(
    ("slug", "text"),
    [("empty", ""), ("syntax", "{{#if a}}"), ("open-tracker", "{{ses:openTracker}}" * 2), ("size", "x" * 500_001)],
)
def test_content_that_is_no_template(ses, slug, text):
    newer, older = ses.v2.create_email_template, ses.v1.create_template
    ses.refused(f"api.BadRequestException.template-{slug}", newer, TemplateName="bad", TemplateContent={"Html": text})
    ses.refused(f"api.InvalidTemplate.{slug}", older, Template={"TemplateName": "bad", "HtmlPart": text})


@pytest.mark.proves(
    "ses.api.BadRequestException.rendering-data",
    "ses.api.InvalidRenderingParameter.data",
    "ses.api.BadRequestException.missing-attribute",
    "ses.api.MissingRenderingAttribute.attribute",
    "ses.api.BadRequestException.rendering",
    "ses.api.InvalidRenderingParameter.rendering",
)
@pytest.mark.parametrize(
    ("newer", "older", "template", "data"),
    [
        ("rendering-data", "InvalidRenderingParameter.data", "x", "[]"),
        ("rendering-data", "InvalidRenderingParameter.data", "x", "{"),
        ("rendering-data", "InvalidRenderingParameter.data", "x", "[" * 100_000),
        ("missing-attribute", "MissingRenderingAttribute.attribute", "{{a.b}}", '{"a": {}}'),
        ("rendering", "InvalidRenderingParameter.rendering", "{{> nobody}}", "{}"),
    ],
)
def test_data_that_does_not_fit(ses, newer, older, template, data):
    name = f"data-{newer}-{len(data)}"
    ses.v2.create_email_template(TemplateName=name, TemplateContent={"Text": template})
    given = {"TemplateName": name, "TemplateData": data}
    text = ses.refused(f"api.BadRequestException.{newer}", ses.v2.test_render_email_template, **given)
    assert ses.refused(f"api.{older}", ses.v1.test_render_template, **given) == text
    if newer == "missing-attribute":
        assert text == "Attribute 'a.b' is not present in the rendering data."
