"""The plant: devices and what is known of them, groups, event logs."""
