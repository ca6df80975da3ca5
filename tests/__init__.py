"""Tests: each name is a claim about the project."""
