from pathlib import Path

import pytest

from server.config import SETTINGS, WrongSetting, read_data_folder, read_settings

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


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
def test_every_setting_is_in_the_administrators_guide(name):
    guide = (ROOT / "deployment" / "ADMINISTRATION.md").read_text("utf-8")

    assert f"| `{name}` |" in guide


def test_the_guide_names_no_setting_that_does_not_exist():
    import re

    guide = (ROOT / "deployment" / "ADMINISTRATION.md").read_text("utf-8")

    assert set(re.findall(r"\bROADBOOK_[A-Z_]+", guide)) <= {setting.name for setting in SETTINGS}
