"""Who may do what: grants, tokens, service accounts, and the one place that answers 'may they?'."""
