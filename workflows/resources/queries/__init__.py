"""Which resources there are, what is free of them, and who has what when."""
