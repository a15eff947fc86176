"""The values of a request: fields, placeholders, paths into JSON, how they are written out."""
