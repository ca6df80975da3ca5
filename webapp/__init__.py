"""The Flask application, the command line and the composition root."""
