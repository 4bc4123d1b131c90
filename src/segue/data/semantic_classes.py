"""The classes of semantic datasets: names, values in their files, indices in results, colours.

Cityscapes: ``cityscapesscripts`` (labels). CamVid: the 11 classes of SegNet. VSPW: ``label_num_dic_final.json`` of the
dataset; its colours are those of the VOC palette (ours).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from segue import class_names
from segue.errors import InputError
from segue.media.palette import palette
from segue.types import VOID

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SemanticClass:
    """One class of a dataset."""

    name: str
    value: int
    """What label files hold where it is; -1 if they never hold it."""
    index: int | None
    """Which of the classes that are learned and scored it is; ``None`` if it counts as void."""
    colour: Colour
    category: str = ""
    """The group that Cityscapes scores together."""
    has_instances: bool = False


@dataclass(frozen=True)
class ClassSet:
    """The classes of a dataset."""

    labels: tuple[SemanticClass, ...]
    """Everything that is annotated, in the order of the dataset."""

    @property
    def classes(self) -> tuple[SemanticClass, ...]:
        """The scored classes, in the order of their index."""
        return tuple(label for label in self.labels if label.index is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scored classes."""
        return tuple(label.name for label in self.classes)

    @property
    def colours(self) -> tuple[Colour, ...]:
        """RGB of the scored classes."""
        return tuple(label.colour for label in self.classes)

    @property
    def class_of(self) -> Mapping[int, int]:
        """Index of a scored class by its value in label files; all other values are void."""
        return {label.value: label.index for label in self.labels if label.index is not None}

    @property
    def values(self) -> frozenset[int]:
        """Everything that label files may hold."""
        return frozenset(label.value for label in self.labels if label.value >= 0)

    def value_of(self, name: str) -> int:
        """What label files hold for a class.

        Raises:
            InputError: There is no class of this name.
        """
        for label in self.labels:
            if label.name == name:
                return label.value
        known = ", ".join(label.name for label in self.labels)
        raise InputError(f"No class {name!r}; known are {known}.")


def _cityscapes(
    category: str, *labels: tuple[str, int, int | None, Colour], instances: bool = False
) -> list[SemanticClass]:
    return [SemanticClass(*label, category, instances) for label in labels]


CITYSCAPES_CLASSES = ClassSet(
    (
        *_cityscapes(
            "void",
            ("unlabeled", 0, None, (0, 0, 0)),
            ("ego vehicle", 1, None, (0, 0, 0)),
            ("rectification border", 2, None, (0, 0, 0)),
            ("out of roi", 3, None, (0, 0, 0)),
            ("static", 4, None, (0, 0, 0)),
            ("dynamic", 5, None, (111, 74, 0)),
            ("ground", 6, None, (81, 0, 81)),
        ),
        *_cityscapes(
            "flat",
            ("road", 7, 0, (128, 64, 128)),
            ("sidewalk", 8, 1, (244, 35, 232)),
            ("parking", 9, None, (250, 170, 160)),
            ("rail track", 10, None, (230, 150, 140)),
        ),
        *_cityscapes(
            "construction",
            ("building", 11, 2, (70, 70, 70)),
            ("wall", 12, 3, (102, 102, 156)),
            ("fence", 13, 4, (190, 153, 153)),
            ("guard rail", 14, None, (180, 165, 180)),
            ("bridge", 15, None, (150, 100, 100)),
            ("tunnel", 16, None, (150, 120, 90)),
        ),
        *_cityscapes(
            "object",
            ("pole", 17, 5, (153, 153, 153)),
            ("polegroup", 18, None, (153, 153, 153)),
            ("traffic light", 19, 6, (250, 170, 30)),
            ("traffic sign", 20, 7, (220, 220, 0)),
        ),
        *_cityscapes(
            "nature",
            ("vegetation", 21, 8, (107, 142, 35)),
            ("terrain", 22, 9, (152, 251, 152)),
        ),
        *_cityscapes("sky", ("sky", 23, 10, (70, 130, 180))),
        *_cityscapes(
            "human",
            ("person", 24, 11, (220, 20, 60)),
            ("rider", 25, 12, (255, 0, 0)),
            instances=True,
        ),
        *_cityscapes(
            "vehicle",
            ("car", 26, 13, (0, 0, 142)),
            ("truck", 27, 14, (0, 0, 70)),
            ("bus", 28, 15, (0, 60, 100)),
            ("caravan", 29, None, (0, 0, 90)),
            ("trailer", 30, None, (0, 0, 110)),
            ("train", 31, 16, (0, 80, 100)),
            ("motorcycle", 32, 17, (0, 0, 230)),
            ("bicycle", 33, 18, (119, 11, 32)),
            instances=True,
        ),
        *_cityscapes("vehicle", ("license plate", -1, None, (0, 0, 142))),
    )
)

CAMVID_CLASSES = ClassSet(
    (
        SemanticClass("sky", 0, 0, (128, 128, 128)),
        SemanticClass("building", 1, 1, (128, 0, 0)),
        SemanticClass("pole", 2, 2, (192, 192, 128)),
        SemanticClass("road", 3, 3, (128, 64, 128)),
        SemanticClass("pavement", 4, 4, (60, 40, 222)),
        SemanticClass("tree", 5, 5, (128, 128, 0)),
        SemanticClass("sign-symbol", 6, 6, (192, 128, 128)),
        SemanticClass("fence", 7, 7, (64, 64, 128)),
        SemanticClass("car", 8, 8, (64, 0, 128)),
        SemanticClass("pedestrian", 9, 9, (64, 64, 0)),
        SemanticClass("bicyclist", 10, 10, (0, 128, 192)),
        SemanticClass("void", 11, None, (0, 0, 0)),
    )
)


def _vspw(value: int, name: str) -> SemanticClass:
    red, green, blue = palette()[value].tolist()
    return SemanticClass(name, value, value - 1, (red, green, blue))


VSPW_CLASSES = ClassSet(
    (
        SemanticClass("void", 0, None, (0, 0, 0)),
        *(_vspw(value, name) for value, name in enumerate(class_names.VSPW_CLASSES, start=1)),
        SemanticClass("others", VOID, None, (0, 0, 0)),
    )
)

CLASS_SETS: dict[str, ClassSet] = {
    "cityscapes": CITYSCAPES_CLASSES,
    "camvid": CAMVID_CLASSES,
    "vspw": VSPW_CLASSES,
}
"""By the name of the dataset's layout."""
