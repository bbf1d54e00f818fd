"""OData text to MongoDB: tokens, a frozen tree, types, and filters or stages."""
