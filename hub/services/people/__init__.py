"""People: who may log in, and what they are let in with."""
