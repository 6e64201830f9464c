"""What the builders make, against manifests that a person can read."""
