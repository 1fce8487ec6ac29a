"""The families of corruptions that ship, each with the order in which its paper has them."""

from analysis.corruptions import fourier
from analysis.corruptions.registry import Family

NAMES: tuple[str, ...] = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
    "speckle_noise",
    "gaussian_blur",
    "spatter",
    "saturate",
)
"""The 19 of CIFAR-10-C, in its order and spelling: 15, then the four extra ones that its mean leaves out."""

_C_BAR = (
    'Mintun et al., "On Interaction Between Augmentations and Corruptions in Natural Corruption Robustness", NeurIPS '
    "2021"
)

FAMILIES = (
    Family(
        "cifar_c",
        "CIFAR-10-C",
        'Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", '
        "ICLR 2019",
        NAMES,
    ),
    Family(
        "mnist_c",
        "MNIST-C",
        'Mu & Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", arXiv 1906.02337, 2019',
        # Those that CIFAR-10-C does not have.
        ("shear", "scale", "rotate", "translate", "stripe", "dotted_line", "zigzag", "canny_edges"),
    ),
    Family(
        "c_bar",
        "C-bar",
        _C_BAR,
        # ImageNet-C-bar whole; five of them are in CIFAR-10-C-bar too.
        (
            "blue_noise_sample",
            "brownish_noise",
            "caustic_refraction",
            "checkerboard_cutout",
            "cocentric_sine_waves",
            "inverse_sparkles",
            "perlin_noise",
            "plasma_noise",
            "single_frequency_greyscale",
            "sparkles",
        ),
    ),
    Family(
        "cifar_c_bar",
        "CIFAR-10-C-bar",
        _C_BAR,
        # Those that ImageNet-C-bar does not have.
        ("circular_motion_blur", "lines", "pinch_and_twirl", "ripple", "transverse_chromatic_abberation"),
    ),
    Family(
        "fourier",
        "Fourier basis",
        'Yin et al., "A Fourier Perspective on Model Robustness in Computer Vision", NeurIPS 2019',
        fourier.NAMES,
        # The norms of the paper itself.
        severities=(4,),
        pattern=fourier.PATTERN,
        image_by_image=False,
    ),
    Family(
        "adversarial",
        "Adversarial",
        'Goodfellow et al., "Explaining and Harnessing Adversarial Examples", ICLR 2015; Madry et al., "Towards '
        'Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018',
        ("fgsm", "pgd"),
        needs_network=True,
        image_by_image=False,
    ),
)
