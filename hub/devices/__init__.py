"""Machines in the plant: one contract, a driver for each protocol, simulators of them.

Drivers speak asyncio and know neither the doors nor the store. What is sent and how answers
are read is decided by pure functions; only the smallest part of a driver touches a socket.
"""
