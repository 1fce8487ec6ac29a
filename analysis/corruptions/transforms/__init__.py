"""Corruptions as transforms of torchvision, which takes seconds to import; the registry reads only what lies above."""
