"""AI devices: models that were uploaded, and the scores that they give."""
