import sqlite3

from sync import schema


def test_account_stat_follows_activities():
    db = sqlite3.connect(":memory:")
    db.executescript(schema.device_script())
    stat = "SELECT last_contact_at_ms FROM account_stat WHERE account_id = 'a'"

    db.execute("INSERT INTO activity (id, account_id, kind, at_ms) VALUES ('1', 'a', 'call', 5)")
    db.execute("INSERT INTO activity (id, account_id, kind, at_ms) VALUES ('2', 'a', 'visit', 9)")
    assert db.execute(stat).fetchall() == [(9,)]

    db.execute("DELETE FROM activity WHERE id = '2'")
    assert db.execute(stat).fetchall() == [(5,)]
