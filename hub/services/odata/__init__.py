"""Published datasets as entity sets: what they hold, and how conditions reach across them."""
