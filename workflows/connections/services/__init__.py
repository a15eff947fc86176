"""Commands on connections and webhook keys."""
