"""ImageNet (ILSVRC 2012), where its files are: as `torchvision.datasets.ImageNet` arranges them below ROOT/imagenet.

`imagenet` is at 224 pixels; ``imagenet:weights=ViT_B_16_Weights.IMAGENET1K_V1`` and the like say otherwise. The
validation images are those tested on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pruning.data import folder_files
from pruning.data.base import Dataset, DataSource
from pruning.data.folder import read
from pruning.data.preprocessing import Preprocessing, of_size, parted, preprocessing_of
from pruning.errors import UserError
from pruning.progress import Progress, quiet

NAME = "imagenet"
SIZE = 224
ALL = 1000


@dataclass(frozen=True)
class ImageNet(DataSource):
    """ImageNet with what its name says is done to its images."""

    name: str = NAME

    @property
    def preprocessing(self) -> Preprocessing:
        """What is done to its images."""
        return preprocessing_of(self.name) or of_size(SIZE)

    def place(self, root: Path) -> Path:
        """The folder that holds train/ and val/."""
        return root / NAME

    def is_there(self, root: Path) -> bool:
        """Whether the folder has both."""
        return folder_files.is_there(self.place(root))

    def read(self, root: Path) -> Dataset:
        """The data set; see `read_telling`."""
        return self.read_telling(root, quiet)

    def read_telling(self, root: Path, progress: Progress) -> Dataset:
        """The data set, of which `progress` is told how far decoding is.

        Raises:
            UserError: it is not there, or is no folder of images.
        """
        place = self.place(root)
        if not self.is_there(root):
            raise UserError(
                f"ImageNet is not in {place}, which is to have train/CLASS/ and val/CLASS/; "
                f"torchvision.datasets.ImageNet('{place}', 'train') and (..., 'val') unpack its archives there, once "
                "image-net.org has given them to you."
            )
        classes = folder_files.common_classes(place, folder_files.parts_of(place))
        return read(self.name, progress, place, self.preprocessing, class_words(classes))


def class_words(folders: Sequence[str]) -> tuple[str, ...]:
    """The classes in words, as torchvision's weights have them; the folders' names where they are not all there."""
    from torchvision.models import ResNet50_Weights

    if len(folders) != ALL or not all(name[:1] == "n" and name[1:].isdecimal() for name in folders):
        return tuple(folders)
    return tuple(ResNet50_Weights.IMAGENET1K_V2.meta["categories"])


def is_imagenet(name: str) -> bool:
    """Whether a data set's name is ImageNet's, with or without what is done to its images."""
    return parted(name)[0] == NAME


DATA = ImageNet()
