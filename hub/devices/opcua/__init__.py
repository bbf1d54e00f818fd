"""OPC UA servers, on TCP with or without security, usually port 4840.

Addresses are node ids in their own notation: a namespace, by index or by URI, then the id.

========================  ===========================================================
form                      id
========================  ===========================================================
``ns=2;i=2048``           a number, 0 to 4294967295
``ns=2;s=Pump.Speed``     a text; whatever follows ``s=``, also ``;``, ``=`` and ``/``
``ns=2;g=09087e75-…``     a GUID
``ns=2;b=AQI=``           bytes in base64
``nsu=urn:plant;s=Speed`` the namespace by its URI, looked up in the server
``i=2258``                without a namespace: that of OPC UA itself, 0
========================  ===========================================================

Values have the type that they have in the server; a point's type and byte order are ignored.
Numbers and booleans are read as such, texts, times, GUIDs and names as texts; arrays and
structures are not read. Booleans, numbers and texts are written, as the type that the node has.
"""
