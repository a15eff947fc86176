"""The one way out over HTTP: which addresses, how it is called, how an answer is read."""
