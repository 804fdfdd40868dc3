"""The cross-encoder that reads question and passage together and puts what was found in a better order."""
