"""What the system endpoints keep: licences, terminals."""
