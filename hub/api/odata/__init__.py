"""OData over HTTP: the DataStream API, and strict OData 4.01."""
