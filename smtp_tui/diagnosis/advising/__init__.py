"""The rules of advice: pure; each yields the ids of what holds of the values as they stand."""
