"""The shapes of what each door takes and gives, where no schema of marshmallow reads it."""
