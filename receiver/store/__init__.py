"""The store: the one truth about envelopes, deliveries and attempts."""
