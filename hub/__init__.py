"""A data hub for sensors, instruments and field measurements, on MongoDB."""
