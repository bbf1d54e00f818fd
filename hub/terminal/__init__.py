"""A host's agent for terminals: browsers at one end, programs on a pseudo-terminal at the other."""
