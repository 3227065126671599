"""Who may do what: the tables that `test_permission_matrix.py` holds the server to."""
