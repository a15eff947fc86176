"""What a review stores: codes with typed parameters, never sentences."""
