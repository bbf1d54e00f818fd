"""What the tests of OData share: a type, documents, random trees, and the rules in Python."""
