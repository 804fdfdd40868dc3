"""Making a base model smaller: quantised, pruned and distilled models, builds for mobile and edge targets, their passports."""
