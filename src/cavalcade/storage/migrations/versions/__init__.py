"""One module a step, named by its revision; each says which one it follows."""
