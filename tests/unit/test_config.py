import re
from pathlib import Path

import pytest

from server.config import (
    EVERY_SETTING,
    WrongSetting,
    read_data_folder,
    read_hosted,
    read_process_settings,
    read_settings,
    unknown_settings,
)

ROOT = Path(__file__).parents[2]
GOOD = {"ROADBOOK_DATA": "/srv/roadbook", "ROADBOOK_URL": "https://crm.example.com/"}


def test_settings_are_typed_and_have_defaults():
    settings = read_settings(GOOD | {"ROADBOOK_PORT": "8100"})

    assert settings.data == Path("/srv/roadbook")
    assert (settings.host, settings.port) == ("127.0.0.1", 8100)
    assert settings.url == "https://crm.example.com"
    assert settings.is_https


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_a_missing_setting_is_named_with_an_example(missing):
    with pytest.raises(WrongSetting, match=rf"{missing} is not set\. For example: {missing}="):
        read_settings({name: value for name, value in GOOD.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROADBOOK_DATA", "var/lib"),
        ("ROADBOOK_URL", "crm.example.com"),
        ("ROADBOOK_URL", "http://crm.example.com"),
        ("ROADBOOK_URL", "https://example.com/crm"),
        ("ROADBOOK_PORT", "eighty"),
        ("ROADBOOK_PORT", "70000"),
    ],
)
def test_a_wrong_setting_is_named_with_an_example(name, value):
    with pytest.raises(WrongSetting, match=rf"{name} is '.*': .*\. For example: {name}="):
        read_settings(GOOD | {name: value})


def test_a_given_value_needs_no_variable():
    assert read_settings(GOOD, port=0).port == 0


def test_commands_that_serve_nothing_need_only_the_folder():
    assert read_data_folder({"ROADBOOK_DATA": "/srv/roadbook"}) == Path("/srv/roadbook")


@pytest.mark.parametrize("name", [setting.name for setting in EVERY_SETTING])
def test_every_setting_is_in_the_administrators_guide(name):
    guide = (ROOT / "deployment" / "ADMINISTRATION.md").read_text("utf-8")

    assert f"| `{name}` |" in guide


def test_the_guide_names_no_setting_that_does_not_exist():
    guide = (ROOT / "deployment" / "ADMINISTRATION.md").read_text("utf-8")

    named = {name.removesuffix("_FILE") for name in re.findall(r"\bROADBOOK_[A-Z_]+", guide)}
    assert named <= {setting.name for setting in EVERY_SETTING}


def several(tmp_path, **more):
    for name in ("acme.example.com", "zhou.example.com", ".trash", "Not A Host"):
        (tmp_path / name).mkdir()
    return {"ROADBOOK_FIRMS": str(tmp_path)} | more


def test_each_folder_named_like_a_host_is_a_firm_at_that_host(tmp_path):
    hosted = read_hosted(several(tmp_path))

    assert [(s.url, s.data) for s in hosted] == [
        ("https://acme.example.com", tmp_path / "acme.example.com"),
        ("https://zhou.example.com", tmp_path / "zhou.example.com"),
    ]


def test_a_pattern_says_how_a_folder_s_name_becomes_an_address(tmp_path):
    (tmp_path / "acme").mkdir()
    (hosted,) = read_hosted({"ROADBOOK_FIRMS": str(tmp_path), "ROADBOOK_URL": "http://*.localhost:8000"})

    assert hosted.url == "http://acme.localhost:8000"


def test_a_command_with_several_firms_asks_which(tmp_path):
    with pytest.raises(WrongSetting, match="name one, as in roadbook --firm"):
        read_settings(several(tmp_path))
    assert read_settings({"ROADBOOK_FIRMS": str(tmp_path)}, "acme.example.com").data == tmp_path / "acme.example.com"


def test_a_firm_named_like_a_way_out_of_the_folder_is_refused(tmp_path):
    with pytest.raises(WrongSetting, match="no host name"):
        read_settings(several(tmp_path), "../elsewhere")


def test_one_firm_and_several_at_once_is_refused(tmp_path):
    with pytest.raises(WrongSetting, match="both set"):
        read_hosted(several(tmp_path, ROADBOOK_DATA="/srv/roadbook"))


def test_an_address_without_a_place_for_the_firm_is_refused(tmp_path):
    with pytest.raises(WrongSetting, match=r"ROADBOOK_URL .*stands for a firm"):
        read_process_settings(several(tmp_path, ROADBOOK_URL="https://roadbook.example.com"))


@pytest.mark.parametrize(
    "more",
    [
        {"ROADBOOK_REPLICA": "file:///srv/roadbook/replica"},
        {"ROADBOOK_REPLICA": "file:///mnt/nas/roadbook", "ROADBOOK_REPLICA_KEY": "key"},
        {"ROADBOOK_REPLICA": "s3://bucket/roadbook", "ROADBOOK_REPLICA_KEY": "key"},
        {"ROADBOOK_REPLICA": "sftp://roadbook@backup.example.com/srv/roadbook"},
    ],
)
def test_a_replica_that_cannot_be_is_named_with_an_example(more):
    with pytest.raises(WrongSetting, match=r"ROADBOOK_REPLICA is .*: .*\. For example: ROADBOOK_REPLICA(_KEY)?="):
        read_settings(GOOD | more)


def test_a_setting_s_file_that_cannot_be_read_is_named_with_an_example():
    with pytest.raises(WrongSetting, match=r"ROADBOOK_SMTP_FILE is '/none'.*For example: ROADBOOK_SMTP_FILE=/etc"):
        read_settings(GOOD | {"ROADBOOK_SMTP_FILE": "/none"})


@pytest.mark.parametrize("good", ["*", "127.0.0.1", "10.0.0.0/24, ::1"])
def test_proxies_are_addresses_or_networks(good):
    assert read_settings(GOOD | {"ROADBOOK_TRUSTED_PROXIES": good}).trusted_proxies == good


@pytest.mark.parametrize("wrong", ["caddy", "127.0.0.1,", "10.0.0.5/24"])
def test_a_proxy_that_could_never_be_met_is_refused(wrong):
    with pytest.raises(WrongSetting, match=r"ROADBOOK_TRUSTED_PROXIES is .*For example: ROADBOOK_TRUSTED_PROXIES="):
        read_settings(GOOD | {"ROADBOOK_TRUSTED_PROXIES": wrong})


def test_what_the_container_s_example_sets_is_known():
    example = (ROOT / "deployment" / "compose.env.example").read_text("utf-8")

    assert unknown_settings(dict.fromkeys(re.findall(r"\bROADBOOK_[A-Z_]+(?==)", example), "x")) == []


def test_a_misspelled_setting_is_told_of():
    known = {"ROADBOOK_DATA": "/srv", "ROADBOOK_SMTP_FILE": "/x", "PATH": "/bin"}

    assert unknown_settings(known) == []
    assert unknown_settings(known | {"ROADBOOK_REPLCA": "x", "ROADBOOK_ZZZ": "y"}) == [
        "ROADBOOK_REPLCA means nothing: is ROADBOOK_REPLICA meant?",
        "ROADBOOK_ZZZ means nothing",
    ]
