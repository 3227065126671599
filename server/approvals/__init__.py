"""What people ask for and others decide: definitions, routes, revisions, steps, and the commands that move them."""
