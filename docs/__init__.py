"""What the documentation is made with: `generate` writes the pages that the program itself can write."""
