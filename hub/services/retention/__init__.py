"""How long data is kept: the policies, and the removal of what is older."""
