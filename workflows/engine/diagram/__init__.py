"""Where the steps of a map go on paper."""
