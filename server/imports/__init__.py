"""Bringing a firm's existing customers and contacts in: from CSV and vCard files, as one atomic write.

The way of a file: bytes -> `text` (which encoding) -> `csv_file` or `vcard_file` (rows) -> `mapping`
(records: which value is which field) -> `plan` (operations, duplicates, problems) -> `apply`.
"""
