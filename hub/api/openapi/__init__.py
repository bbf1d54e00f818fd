"""What the hub tells of its own interface: an OpenAPI document, and a page to browse it."""
