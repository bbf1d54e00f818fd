"""HTTP: thin views over the services, errors and formats."""
