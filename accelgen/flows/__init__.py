"""What is done with a generated project: on the machine that has the tools, and on the board."""
