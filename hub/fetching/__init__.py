"""Fetching a page from an address that somebody else chose, and reading elements out of it.

Nothing of the hub's own network is reached that the operator did not list: each host name is
resolved once, all of its addresses are judged, and the connection goes to one that was judged.
That is done anew for every redirect.
"""
