"""What is left of a pruned network's weights, made to do what the dense network does."""
