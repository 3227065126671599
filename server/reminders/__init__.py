"""Reminders: what people are to be told of at a time, planned in the transaction that changes the rows it comes from.

`sources` lists what reminds; `plan` keeps the table `reminder` in step with it; `tick` sends what is due; `rebuild`
plans anew what was planned by other rules, or by nobody.  The device reminds by itself from the same rows, under the
same keys: `web/pages/reminders.sql`, `service_worker/reminders.js`.
"""
