"""What the command line does besides running: one file for each word after `python -m bot`."""
