"""MELSEC controllers over the MC protocol (SLMP), frames 3E and 4E, binary, on TCP.

Addresses: a device, its number, for words optionally a bit: ``D100``, ``M0``, ``X1F``,
``D100.5``, ``D100.A``. Case does not matter.

==========================================  ====  ======  ============================
devices                                     kind  number  beside
==========================================  ====  ======  ============================
M L F V S SM                                bit   dec
X Y                                         bit   hex     octal with ``xy_radix`` oct
B SB DX DY                                  bit   hex
TS TC SS SC CS CC (STS STC)                 bit   dec     contacts and coils
D R SD Z TN SN CN (STN)                     word  dec
W SW                                        word  hex
ZR                                          word  dec     hex with ``zr_radix`` hex
RD                                          word  dec     series iqr
LTS LTC LSTS LSTC LCS LCC                   bit   dec     series iqr
LTN LSTN LCN LZ                             dword dec     series iqr, 32-bit types only
==========================================  ====  ======  ============================

- A number begins with a digit: ``X0A``, not ``XA``. A bit is 0 to 15, from 10 on also A to F.
- Without a type a bit device is a ``bit``, a word ``uint16``, a dword ``uint32``.
- A word type at a bit device (X, Y, M, L, F, V, S, B, SM, SB, DX, DY) takes 16 bits a word,
  the first as the least significant: ``M0`` as ``uint16`` is M0 to M15.
- Longer values begin at the lowest address with the least significant word, and with the most
  significant with byte order ``big``.
- ``byte`` is the low byte of a word. Neither it nor a bit of a word is written: the protocol
  can only write whole words, and what the program changed meanwhile would be lost.

The port and whether it speaks binary are set in the controller; one of its ports takes one
connection. A controller that is set to ASCII stays silent. Frame 4E numbers requests, so that
a late answer is known; with 3E only its length tells.
"""
