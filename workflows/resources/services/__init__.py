"""The only code that writes resources and what is held of them."""
