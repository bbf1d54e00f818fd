"""The virtual network of the machine that the hub runs on."""
