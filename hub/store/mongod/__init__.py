"""The embedded MongoDB: a mongod of our own, found or started by whoever needs it first.

A process that wants the database calls ``acquire`` and keeps the lease as long as it works. The
first one starts a supervisor; the last one to leave lets it stop. docs/mongodb.md has the picture.
"""

from hub.store.mongod.binary import find_binary
from hub.store.mongod.lease import Lease, acquire, status

__all__ = ["Lease", "acquire", "find_binary", "status"]
