"""What pages answer in words, and the start page with them: which weights, what geometry, what survives."""
