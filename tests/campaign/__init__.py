"""What takes too long for the tests: many kills, flipped bits, damaged files, examples, null studies. Not collected."""
