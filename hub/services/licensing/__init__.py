"""To whom this hub is licensed, and until when. It is told, and nothing depends on it."""
