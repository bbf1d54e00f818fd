"""Modbus over TCP, and its RTU framing over TCP as gateways speak it.

Addresses: a table and a number, in one of three notations, for registers optionally a bit.

==================  ======  ====================  ===========================  ==============
table               counts  by name, from 0       by reference, from 1         without a type
==================  ======  ====================  ===========================  ==============
coils               from 0  ``coil:0``            ``00001``, ``000001``        ``bit``
discrete inputs     from 0  ``di:0``              ``10001``, ``100001``        ``bit``
input registers     from 0  ``ir:0``, ``ir:0.5``  ``30001``, ``300001.5``      ``uint16``
holding registers   from 0  ``hr:0``, ``hr:0.5``  ``40001``, ``400001.5``      ``uint16``
==================  ======  ====================  ===========================  ==============

- A bare number of one to four digits is a holding register, counted from 0: ``100`` is
  ``hr:100``, and the same register as ``40101``. Five or six digits are a reference.
- A bit is 0 to 15, 0 the least significant, from 10 on also A to F.
- Longer types take the following registers. ``word_order`` says which comes first (``big``: the
  most significant, ABCD; ``little``: CDAB) and a point's byte order overrules it; ``byte_swap``
  turns the two bytes of every register around (BADC, DCBA).
- ``byte`` is the low byte of a register. It and single bits of holding registers are written
  by the command "mask write" only: a device without it refuses, and nothing is read to be
  written back. Inputs are not written.
"""
