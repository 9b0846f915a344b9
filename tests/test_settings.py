"""The settings table: its layers, its names, and what wrong values are told."""

import pytest

from sandbox.options import ALIASES, ROWS, SettingsError, find_file, load
from sandbox.options.values import accepted
from sandbox.settings import Settings


def refusal(*layers, **more):
    with pytest.raises(SettingsError) as caught:
        load(*layers, **more)
    return str(caught.value)


def test_without_any_layer_the_defaults_of_the_table_are_in_force():
    assert load() == Settings()


def test_every_row_has_an_explanation_and_names_of_its_own():
    assert len(ROWS) > 25
    assert all(row.about for row in ROWS)
    for names in ([row.flag for row in ROWS], [row.variable for row in ROWS], [row.key for row in ROWS]):
        assert len(set(names)) == len(names)


def test_a_section_is_a_prefix_of_flag_and_variable():
    row = next(row for row in ROWS if row.key == "oci.max_message_bytes")

    assert (row.flag, row.variable) == ("--oci-max-message-bytes", "EMAIL_SANDBOX_OCI_MAX_MESSAGE_BYTES")


def test_flags_win_over_the_environment_the_environment_over_the_file_the_file_over_defaults(tmp_path):
    file = tmp_path / "email-sandbox.toml"
    file.write_text('host = "::1"\n[oci]\nregion = "eu-paris-1"\nidle_timeout = 5\nauth_failures = 9\n')
    environ = {"EMAIL_SANDBOX_OCI_REGION": "uk-london-1", "EMAIL_SANDBOX_OCI_IDLE_TIMEOUT": "7"}

    settings = load({"oci.region": "sa-saopaulo-1"}, environ, file)

    assert settings.oci.region == "sa-saopaulo-1"
    assert settings.oci.idle_timeout == 7.0
    assert settings.oci.auth_failures == 9
    assert settings.host == "::1"
    assert settings.oci.max_connections == Settings().oci.max_connections


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_row_can_be_set_in_the_environment_to_its_default(row):
    text = ",".join(map(str, row.default)) if isinstance(row.default, list) else str(row.default)

    assert load({}, {row.variable: text}) == Settings()


def test_lists_are_read_with_commas_as_toml_as_json_and_from_repeated_flags():
    for written in ("a@x.example, @y.example", '["a@x.example", "@y.example"]', ("a@x.example", "@y.example")):
        assert load({"oci.approved_senders": written}).oci.approved_senders == ["a@x.example", "@y.example"]


def test_tables_are_read_inline():
    assert load({"oci.limits": "{per_minute = 3}"}).oci.limits == {"per_minute": 3}
    assert load({"oci.limits": '{"per_day": null}'}).oci.limits == {"per_day": None}
    users = [{"username": "u", "password": "p,q"}]
    assert load({"oci.smtp_users": ('{username="u", password="p,q"}',)}).oci.smtp_users == users


@pytest.mark.parametrize(
    ("written", "meant"), [("yes", True), ("1", True), ("ON", True), ("false", False), ("no", False), ("0", False)]
)
def test_switches_are_read_in_the_usual_words(written, meant):
    assert load({}, {"EMAIL_SANDBOX_PERMISSIVE": written}).permissive is meant


def test_an_alias_sets_its_row_in_every_section_and_the_rows_own_name_wins():
    assert load({"region": "eu-paris-1", "limits": "trial"}).oci.region == "eu-paris-1"
    assert load({"limits": "trial"}).oci.limits == "trial"
    assert load({"region": "eu-paris-1", "oci.region": "uk-london-1"}).oci.region == "uk-london-1"
    assert all(alias.rows() for alias in ALIASES)


def test_an_alias_of_a_higher_layer_wins_over_the_row_of_a_lower_one():
    assert load({"region": "eu-paris-1"}, {"EMAIL_SANDBOX_OCI_REGION": "uk-london-1"}).oci.region == "eu-paris-1"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"oci": {"regoin": "x"}}, "oci.regoin is not a setting; did you mean oci.region?"),
        ({"permisive": True}, "permisive is not a setting; did you mean permissive?"),
        ({"idle_timeout": 1}, "idle_timeout is not a setting; did you mean ses.idle_timeout?"),
        ({"nonsense": {"x": {"y": 1}}}, "nonsense.x is not a setting"),
        ({"oci": 5}, "oci is a section, write [oci]"),
        ({"oci.idle_timeout": "soon"}, "oci.idle_timeout: 'soon' is not a number of seconds from 0.01"),
        ({"oci.idle_timeout": float("nan")}, "oci.idle_timeout: 'nan' is not a number"),
        ({"port.http": 70_000}, "port.http: '70000' is not a whole number from 0 to 65535"),
        ({"oci.max_connections": True}, "is not a whole number"),
        ({"oci.wording": "loud"}, "'loud' is not documented or observed"),
        ({"oci.limits": {"per_second": 1}}, "'per_second' is none of its keys"),
        ({"oci.limits": {"per_day": -1}}, "numbers from 0"),
        ({"oci.smtp_users": [{"username": "u"}]}, "'password' is missing"),
        ({"oci.smtp_users": "[{"}, "neither JSON nor TOML"),
        ({"delivery.blackhole_domains": [1]}, "is not a list of texts"),
        ({"oci.region": "eu paris"}, "oci.region: 'eu paris' is not text such as us-ashburn-1"),
        ({"oci.approved_senders": "nobody"}, "is not a list of texts such as noreply@example.com or @example.com"),
        ({"data": ""}, "data: '' is not text such as .email-sandbox"),
        ({"permissive": "perhaps"}, "'perhaps' is not true or false"),
    ],
)
def test_a_wrong_setting_is_told_what_is_accepted(written, told):
    assert told in refusal(written)


def test_a_wrong_value_of_a_secret_setting_is_not_repeated():
    assert "hunter2" not in refusal({"oci.smtp_users": 'hunter2"'})
    assert "hunter2" not in refusal({"oci.smtp_users": [{"username": "u", "password": ["hunter2"]}]})


def test_messages_name_the_file_the_variable_or_the_flag(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[port]\nhttp = -1\n")

    assert refusal({}, {}, file).startswith("mine.toml: port.http: ")
    assert refusal({}, {"EMAIL_SANDBOX_PORT_HTTP": "x"}).startswith("EMAIL_SANDBOX_PORT_HTTP: ")


def test_a_file_that_is_not_toml_or_not_there_is_told_so(tmp_path):
    broken = tmp_path / "email-sandbox.toml"
    broken.write_text("host = \n")

    assert "not a TOML file" in refusal({}, {}, broken)
    with pytest.raises(SettingsError, match="no such settings file"):
        find_file(str(tmp_path / "none.toml"), {}, tmp_path)
    broken.write_bytes(b"\xff\xfe")
    assert "not a TOML file" in refusal({}, {}, broken)


def test_the_file_is_found_by_flag_by_variable_and_in_the_folder(tmp_path):
    named, default = tmp_path / "named.toml", tmp_path / "email-sandbox.toml"
    named.touch()

    assert find_file(None, {}, tmp_path) is None
    default.touch()
    assert find_file(None, {}, tmp_path) == default
    assert find_file(None, {"EMAIL_SANDBOX_CONFIG": str(named)}, tmp_path) == named
    assert find_file(str(default), {"EMAIL_SANDBOX_CONFIG": str(named)}, tmp_path) == default


def test_variables_that_are_no_settings_are_left_alone():
    """An orchestrator that runs a service named email-sandbox sets variables with our prefix."""
    assert (
        load({}, {"EMAIL_SANDBOX_SERVICE_HOST": "10.0.0.1", "EMAIL_SANDBOX_PORT": "tcp://10.0.0.1:8025"}) == Settings()
    )


def test_every_value_has_its_own_lists():
    one, other = load(), load()
    one.oci.suppressed.append("x@y.example")

    assert other.oci.suppressed == []


def test_a_provider_that_does_not_exist_is_refused_with_those_that_do():
    assert "'nope' is not a provider; known: ibm, oci, ses" in refusal({"providers": "oci,nope"})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_row_can_say_what_it_accepts(row):
    assert accepted(row)
