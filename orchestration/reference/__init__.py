"""Import of public reference data into deliveries: list prices of tokens and names of models (genai-prices)."""
