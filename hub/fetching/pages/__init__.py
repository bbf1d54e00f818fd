"""Elements of pages by CSS selectors; strangers' pages are parsed in a process of their own."""
