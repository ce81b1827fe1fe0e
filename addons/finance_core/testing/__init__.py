"""What the author of a connector needs to prove it; needs ``hypothesis``."""
