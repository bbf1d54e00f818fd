"""XGT controllers over FEnet (LS ELECTRIC's dedicated protocol), on TCP, usually port 2004.

Addresses: an area, a size, a number counted in that size, with or without a ``%`` before:
``%MW100``, ``MW100``, ``%MX2764``, ``%DB200``, ``%MD100``. Case does not matter. In a URL the
``%`` is written ``%25``, or left out.

====  =======================  ===============================================
size  counts                   without a type
====  =======================  ===============================================
X     bits                     ``bit``, and no other
B     bytes                    ``byte``
W     words of 16 bits         ``uint16``
D     32 bits                  ``uint32``
L     64 bits                  ``uint64``
====  =======================  ===============================================

- Areas with ``cpu`` xgk and xgb_mk: P M L K F T C D S R N U Z; with xgi, xgr and xgb_iec:
  I Q M W R F K L N U A.
- A word may be followed by one of its bits, 0 to 15 or A to F: ``%MW172.C`` is ``%MX2764``.
- Any longer type begins at the first byte of the address: ``%DW100`` as ``fp32`` is the bytes
  200 to 203. It begins with the least significant word, with byte order ``big`` with the most
  significant.
- T, C, S and Z have no bytes: only X (contact) and W (current value), each read by itself.

What lies together is read continuously, as bytes; scattered bytes and words up to 16 in a
request. Bits and bytes are written as such; nothing is read to be written back.
"""
