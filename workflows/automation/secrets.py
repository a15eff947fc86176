"""Credentials of connections; the keys are the services'."""

from workflows.services.secrets import SecretUnreadable, decrypt, encrypt, mask

__all__ = ["SecretUnreadable", "decrypt", "encrypt", "mask"]
