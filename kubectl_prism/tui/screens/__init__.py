"""The pages, one a file, and what is asked or read over them."""
