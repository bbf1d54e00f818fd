"""What the strict OData root reads: entity sets, their types, pages of them."""
