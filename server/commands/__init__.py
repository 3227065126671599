"""What `roadbook` can do, a module a subject: each adds its commands to the parser with `add_to`."""
