"""ROADBOOK_REPLICA and what lets us in: read once, complete or refused with a way out, and never shown."""

from pathlib import Path

import pytest

from server.backup.replica import Place
from server.config import WrongSetting, read_hosted, read_process_settings, read_settings

GOOD = {"ROADBOOK_DATA": "/srv/roadbook", "ROADBOOK_URL": "https://crm.example.com"}
SFTP = {"ROADBOOK_REPLICA": "sftp://rb@nas.lan/srv/rb", "ROADBOOK_REPLICA_HOST_KEY": "ssh-ed25519 AAAAC3Nza nas"}
S3_KEYS = {"ROADBOOK_REPLICA_KEY": "AKIA", "ROADBOOK_REPLICA_SECRET": "s3cr3t"}


def place(address, **more):
    return read_settings(GOOD | {"ROADBOOK_REPLICA": address} | more).replica


def test_without_a_replica_there_is_none():
    assert read_settings(GOOD).replica is None


def test_folder_of_another_disk():
    assert place("file:///mnt/nas/roadbook/") == Place("file", "/mnt/nas/roadbook")


def test_bucket_of_amazon_needs_only_its_region():
    found = place("s3://firm/roadbook?region=eu-central-1", **S3_KEYS)

    assert (found.kind, found.bucket, found.path, found.region) == ("s3", "firm", "roadbook", "eu-central-1")
    assert (found.endpoint, found.is_path_style, found.key, found.secret) == ("", False, "AKIA", "s3cr3t")


def test_bucket_without_keys_relies_on_the_machine_being_trusted():
    assert (place("s3://firm/roadbook").key, place("s3://firm/roadbook").secret) == ("", "")


@pytest.mark.parametrize(
    ("endpoint", "is_path_style"),
    [
        ("https://minio.lan:9000", True),
        ("https://oss-cn-hangzhou.aliyuncs.com", False),
        ("https://cos.ap-shanghai.myqcloud.com", False),
        ("https://s3.eu-central-1.amazonaws.com", False),
        ("https://fakealiyuncs.com", True),
        ("https://minio.lan:9000&path_style=no", False),
        ("https://oss-cn-hangzhou.aliyuncs.com&path_style=yes", True),
    ],
)
def test_each_service_is_asked_for_a_bucket_as_it_wants(endpoint, is_path_style):
    found = place(f"s3://firm/roadbook?endpoint={endpoint}", **S3_KEYS)

    assert found.endpoint == endpoint.partition("&")[0]
    assert found.is_path_style == is_path_style


def test_other_machine_by_a_key_or_by_a_password():
    by_key = read_settings(GOOD | SFTP | {"ROADBOOK_REPLICA_KEY": "/etc/roadbook/id_ed25519"}).replica
    by_password = read_settings(GOOD | SFTP | {"ROADBOOK_REPLICA_SECRET": "s3cr3t"}).replica

    assert (by_key.host, by_key.port, by_key.user, by_key.path) == ("nas.lan", 22, "rb", "/srv/rb")
    assert (by_key.key, by_key.secret, by_key.host_key) == ("/etc/roadbook/id_ed25519", "", "ssh-ed25519 AAAAC3Nza")
    assert (by_password.key, by_password.secret) == ("", "s3cr3t")


def test_what_is_below_a_place():
    assert place("file:///mnt/nas").below("acme").database.path == "/mnt/nas/acme/database"
    assert place("s3://firm/roadbook").attachments.path == "roadbook/attachments"


WRONG = {
    "no address": ({"ROADBOOK_REPLICA": "/mnt/nas"}, "file:///"),
    "another protocol": ({"ROADBOOK_REPLICA": "ftp://nas/x"}, "sftp://"),
    "no folder": ({"ROADBOOK_REPLICA": "file:///"}, "file:///mnt"),
    "a folder of a host": ({"ROADBOOK_REPLICA": "file://mnt/nas"}, "file:///mnt"),
    "a way out of the folder": ({"ROADBOOK_REPLICA": "file:///mnt/../etc"}, r"\.\."),
    "no folder in the bucket": ({"ROADBOOK_REPLICA": "s3://firm"}, "s3://bucket/"),
    "an endpoint without https": ({"ROADBOOK_REPLICA": "s3://firm/rb?endpoint=minio.lan"}, "endpoint=https://"),
    "a misspelled part": ({"ROADBOOK_REPLICA": "s3://firm/rb?regoin=eu"}, "regoin .*region"),
    "neither yes nor no": ({"ROADBOOK_REPLICA": "s3://firm/rb?path_style=1"}, "yes or no"),
    "half of the keys": ({"ROADBOOK_REPLICA": "s3://firm/rb", "ROADBOOK_REPLICA_KEY": "AKIA"}, "_SECRET"),
    "keys for a folder": ({"ROADBOOK_REPLICA": "file:///mnt/nas"} | S3_KEYS, "needs no ROADBOOK_REPLICA_KEY"),
    "keys for nothing": (S3_KEYS, "is not set"),
    "no way in": (SFTP, "private key's file.* or ROADBOOK_REPLICA_SECRET"),
    "a key that is no path": (SFTP | {"ROADBOOK_REPLICA_KEY": "id_ed25519"}, "from / on"),
    "nobody knows whose machine": (
        {"ROADBOOK_REPLICA": "sftp://rb@nas.lan:2222/rb", "ROADBOOK_REPLICA_SECRET": "s3cr3t"},
        "HOST_KEY.*ssh-keyscan -p 2222 -t ed25519 nas.lan",
    ),
    "in the folder that it is a copy of": ({"ROADBOOK_REPLICA": "file:///srv/roadbook/copy"}, "lost with"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_replica_is_refused_with_what_is_missing(case):
    given, says = WRONG[case]
    with pytest.raises(WrongSetting, match=rf"ROADBOOK_REPLICA .*{says}") as refused:
        read_settings(GOOD | given)

    assert "s3cr3t" not in str(refused.value)


def test_password_in_the_address_is_refused_and_not_shown():
    with pytest.raises(WrongSetting, match="ROADBOOK_REPLICA_SECRET") as refused:
        read_settings(GOOD | SFTP | {"ROADBOOK_REPLICA": "sftp://rb:s3cr3t@nas.lan/rb"})

    assert "s3cr3t" not in str(refused.value)


def test_nothing_printed_holds_a_secret():
    settings = read_settings(GOOD | SFTP | {"ROADBOOK_REPLICA_SECRET": "s3cr3t"})

    assert "s3cr3t" not in repr(settings) + str(settings.replica)


def test_secret_may_stand_in_a_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("s3cr3t\n")

    assert place("s3://firm/rb", ROADBOOK_REPLICA_KEY="AKIA", ROADBOOK_REPLICA_SECRET_FILE=str(file)).secret == "s3cr3t"


@pytest.mark.parametrize("more", [{}, {"ROADBOOK_REPLICA_SECRET": "other"}])
def test_file_that_is_not_there_or_not_alone_is_named(tmp_path, more):
    with pytest.raises(WrongSetting, match="ROADBOOK_REPLICA_SECRET_FILE"):
        place("s3://firm/rb", ROADBOOK_REPLICA_SECRET_FILE=str(tmp_path / "none"), **more)


def test_each_of_several_firms_has_a_place_of_its_own(tmp_path):
    (tmp_path / "acme.example.com").mkdir()
    several = {"ROADBOOK_FIRMS": str(tmp_path), "ROADBOOK_REPLICA": "file:///mnt/nas"}

    [acme] = read_hosted(several)
    process = read_process_settings(several)

    assert (acme.replica.path, acme.home) == ("/mnt/nas/acme.example.com", tmp_path)
    assert (process.replica.path, process.home) == ("/mnt/nas", tmp_path)
    assert read_settings(GOOD).home == Path("/srv/roadbook")
