"""The command line of Hamachi: called, and what it prints read. Knows neither HTTP nor MongoDB."""
