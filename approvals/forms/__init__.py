"""Forms made from a map's declared fields."""
