"""What is known of a request's values when it comes to a step, whatever way it came."""
