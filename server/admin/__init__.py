"""Administration: people, departments, roles and what each may see. For administrators only."""
