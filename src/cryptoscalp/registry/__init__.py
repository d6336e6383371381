"""Model versions, feature sets and vectors, predictions and how they came true."""
