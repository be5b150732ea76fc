"""A bug fix of the sample repository, as it was recorded once: what ``fixtrail demo`` plays again."""
