"""What a network that was trained on one data set can do on another: linear probes, visual prompts, label mapping.

The network stays as it is. A probe reads the other data set's classes off its features; a prompt is a border that is
learnt around each picture, so that the network's own classes, mapped to the others, tell them apart (Bahng et al. 2022;
Chen et al. 2023, arXiv 2211.11635).
"""
