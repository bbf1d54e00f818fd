"""Who comes in: keys, people, sessions, and what they did."""
