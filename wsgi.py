"""gunicorn's handle: ``gunicorn wsgi:app`` (docs/running.md has the flags that matter)."""

import gc
import logging
import os

from hub import logs
from hub.app import create_app
from hub.settings import Settings
from hub.wiring import open_hub

logs.begin(logging.WARNING)
_settings = Settings.from_env(os.environ)
app = create_app(_settings, open_hub(_settings).services)

# What lives as long as the process need not be looked at by each collection.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
