"""One module for each ecosystem; each gives a recipe, or None where the tree has none of its files."""
