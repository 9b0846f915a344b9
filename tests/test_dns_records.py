"""Record data: normalised as presentation form, texts by their tokens, and anything wrong refused by its part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.dns.changes import ConditionError, Operation, change, patch
from sandbox.core.dns.records import RecordError, domain_name, make, normal, parsed, quoted, shown


@pytest.mark.parametrize(
    ("rtype", "written", "wanted"),
    [
        (
            "TXT",
            "v=spf1 include:rp.oracleemaildelivery.com ~all",
            '"v=spf1" "include:rp.oracleemaildelivery.com" "~all"',
        ),
        ("TXT", '"v=spf1 ~all"', '"v=spf1 ~all"'),
        ("TXT", "v=DKIM1; k=rsa; p=MIIB", '"v=DKIM1;" "k=rsa;" "p=MIIB"'),
        ("TXT", r"a\ b\"c", r'"a b\"c"'),
        ("TXT", r'"\065\200"', r'"A\200"'),
        ("TXT", '""', '""'),
        ("TXT", '"a"b', '"a" "b"'),
        ("SPF", "v=spf1 -all", '"v=spf1" "-all"'),
        ("CNAME", "Target.Example.NET", "target.example.net."),
        ("MX", "10   MAIL.example.com.", "10 mail.example.com."),
        ("MX", "0 .", "0 ."),
        ("AAAA", "2001:0DB8:0::1", "2001:db8::1"),
        ("SRV", "0 5 587 smtp.example.com", "0 5 587 smtp.example.com."),
        ("CAA", '0 issue "Ca.example; x=y"', '0 issue "Ca.example; x=y"'),
    ],
)
def test_data_has_one_normal_form(rtype, written, wanted):
    assert normal(rtype, written) == wanted
    assert normal(rtype, wanted) == wanted


@pytest.mark.parametrize(
    ("domain", "rtype", "ttl", "rdata", "field"),
    [
        ("example.com", "A", 60, "192.0.2.256", "rdata"),
        ("example.com", "A", 60, "", "rdata"),
        ("example.com", "A", 60, "192.0.2.1\nexample.com A 192.0.2.2", "rdata"),
        ("example.com", "MX", 60, "mail.example.com", "rdata"),
        ("example.com", "MX", 60, "70000 mail.example.com", "rdata"),
        ("example.com", "CNAME", 60, "a..example.com", "rdata"),
        ("example.com", "TXT", 60, "x" * 256, "rdata"),
        ("example.com", "TXT", 60, '"open', "rdata"),
        ("example.com", "TXT", 60, r'"\999"', "rdata"),
        ("example.com", "TXT", 60, " ", "rdata"),
        ("example.com", "CNAME", 60, "m\u00fcnchen.example", "rdata"),
        ("m\u00fcnchen.example", "A", 60, "192.0.2.1", "domain"),
        ("a..b", "A", 60, "192.0.2.1", "domain"),
        ("a b.example.com", "A", 60, "192.0.2.1", "domain"),
        ("x" * 64 + ".com", "A", 60, "192.0.2.1", "domain"),
        ("x." * 128 + "com", "A", 60, "192.0.2.1", "domain"),
        ("", "A", 60, "192.0.2.1", "domain"),
        ("example.com", "ANY", 60, "", "rtype"),
        ("example.com", "DNAME", 60, "example.net", "rtype"),
        ("example.com", "TYPE1", 60, "192.0.2.1", "rtype"),
        ("example.com", "A", -1, "192.0.2.1", "ttl"),
        ("example.com", "A", 2**31, "192.0.2.1", "ttl"),
    ],
)
def test_a_wrong_record_is_refused_by_its_part(domain, rtype, ttl, rdata, field):
    with pytest.raises(RecordError) as caught:
        make(domain, rtype, ttl, rdata)
    assert caught.value.field == field


@given(st.text())
def test_any_text_becomes_a_record_and_comes_back(text):
    form = quoted(text)

    assert shown("TXT", form) == text.encode("utf-8", "replace").decode()
    assert normal("TXT", form) == form


@given(st.sampled_from(["A", "AAAA", "TXT", "MX", "CNAME", "SRV", "CAA", "SVCB", "NAPTR", "LOC"]), st.text(max_size=80))
def test_any_data_is_normalised_or_refused(rtype, rdata):
    try:
        form = normal(rtype, rdata)
    except RecordError:
        return
    assert normal(rtype, form) == form
    assert parsed(rtype, form).to_wire() is not None


@given(st.text(max_size=300))
def test_any_name_is_normalised_or_refused(text):
    try:
        name = domain_name(text)
    except RecordError:
        return
    assert domain_name(name) == name
    assert domain_name(name.upper()) == name


def test_a_long_text_is_read_in_linear_time():
    """Fifty thousand strings; each look at the rest of the text would take minutes."""
    assert normal("TXT", "a " * 30_000).count('"') == 60_000


NAMES = st.sampled_from(["example.com", "a.example.com", "b.example.com"])
DATA = {"A": ["192.0.2.1", "192.0.2.2"], "TXT": ['"x"', '"y"']}
PAIRS = st.sampled_from([(rtype, rdata) for rtype, rows in DATA.items() for rdata in rows])
PARTS = st.one_of(PAIRS, st.sampled_from([("A", None), ("TXT", None), (None, None)]))
OPERATIONS = st.sampled_from(list(Operation))
WISHES = st.lists(st.tuples(OPERATIONS, NAMES, PARTS, st.sampled_from([60, 300])), max_size=12)


def model(state, wishes):
    """What a patch does, said another way: a table of (name, type, data) and a time to live for each set."""
    rows, lives = state

    def fitting(table, name, rtype, rdata):
        return {row for row in table if row[0] == name and rtype in (None, row[1]) and rdata in (None, row[2])}

    for operation, name, (rtype, rdata), _ in wishes:
        there = bool(fitting(rows, name, rtype, rdata))
        if there is not {Operation.REQUIRE: True, Operation.PROHIBIT: False}.get(operation, there):
            return None
    for operation, name, (rtype, rdata), ttl in wishes:
        found = fitting(rows, name, rtype, rdata)
        if operation is Operation.REMOVE:
            rows = rows - found
        elif operation is Operation.ADD:
            if rdata is None and not found:
                return None
            rows = rows if rdata is None else rows | {(name, rtype, rdata)}
            lives = lives | {row[:2]: ttl for row in (*found, *([] if rdata is None else [(name, rtype, rdata)]))}
    return {(*row, lives[row[:2]]) for row in rows}


@given(st.sets(st.tuples(NAMES, PAIRS), max_size=6), WISHES)
def test_a_patch_does_what_the_model_does(start, wishes):
    records = [make(name, rtype, 120, rdata) for name, (rtype, rdata) in sorted(start)]
    rows = {(name, rtype, rdata) for name, (rtype, rdata) in start}
    wanted = model((rows, {row[:2]: 120 for row in rows}), wishes)
    changes = [change(what, name, rtype=rtype, rdata=rdata, ttl=ttl) for what, name, (rtype, rdata), ttl in wishes]
    try:
        found = patch("example.com", records, changes)
    except (RecordError, ConditionError):
        found = None

    assert wanted == (None if found is None else {(one.domain, one.rtype, one.rdata, one.ttl) for one in found})
    assert found is None or len(found) == len(set(found))


def test_a_set_has_a_limit():
    """A set that no answer could carry is refused while it grows."""
    changes = [change(Operation.ADD, "example.com", rtype="TXT", rdata=f"t{n}", ttl=60) for n in range(501)]
    assert len(patch("example.com", [], changes[:500])) == 500
    with pytest.raises(RecordError, match="items"):
        patch("example.com", [], changes)


def test_a_record_is_removed_by_its_hash():
    records = [make("example.com", "A", 60, f"192.0.2.{n}") for n in (1, 2)]
    wish = change(Operation.REMOVE, "example.com", record_hash=records[0].hash)
    assert patch("example.com", records, [wish]) == (records[1],)
