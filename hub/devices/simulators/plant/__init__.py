"""A small plant behind the simulators: a motor, a tank, counters and alarms."""
