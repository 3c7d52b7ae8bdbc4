"""One data set, any model: questions with a known truth, measured as the published tables do."""
