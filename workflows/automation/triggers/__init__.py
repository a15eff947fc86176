"""What starts requests without a person: schedules and signed calls."""
