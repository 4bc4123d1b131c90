import numpy as np
import pytest

from fakes.colour_model import ColourModel
from fakes.scenes import scene
from fakes.shade_model import ShadeModel
from segue.data.class_colours import class_colours
from segue.data.semantic_classes import CAMVID_CLASSES, CITYSCAPES_CLASSES, VSPW_CLASSES
from segue.errors import MaskError, SettingsError
from segue.inference.cityscapes_ids import SAME_CLASS, CityscapesIds, cityscapes_id
from segue.inference.label import label
from segue.inference.track import track
from segue.media.overlay import overlay_colours
from segue.media.video import ArrayVideo
from segue.models.interface import SemanticModel

PICTURES = scene(12)
FRAMES = [frame for frame, _ in PICTURES]


def test_every_frame_has_its_classes() -> None:
    results = list(label(ShadeModel(), ArrayVideo(FRAMES)))
    assert [frame.index for frame, _ in results] == list(range(12))
    for (_, prediction), (_, truth) in zip(results, PICTURES, strict=True):
        assert (prediction.labels == truth).mean() > 0.95
        assert prediction.scores.keys() == {0, 1, 2}


@pytest.mark.parametrize("lookahead", [1, 3, 20])
def test_a_model_that_looks_ahead_says_the_same_later(lookahead: int) -> None:
    plain = label(ShadeModel(), ArrayVideo(FRAMES))
    ahead = label(ShadeModel(lookahead=lookahead), ArrayVideo(FRAMES))
    for (one, left), (other, right) in zip(plain, ahead, strict=True):
        assert one.index == other.index
        assert np.array_equal(left.labels, right.labels)


def test_max_side_gives_predictions_of_full_size() -> None:
    results = list(label(ShadeModel(), ArrayVideo(FRAMES), max_side=30))
    assert {prediction.labels.shape for _, prediction in results} == {FRAMES[0].shape[:2]}
    assert (results[11][1].labels == PICTURES[11][1]).mean() > 0.9


def test_models_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SettingsError, match="colour follows given objects and names no classes"):
        next(label(ColourModel(), ArrayVideo(FRAMES)))
    with pytest.raises(MaskError, match="takes no mask"):
        next(track(ShadeModel(), ArrayVideo(FRAMES), {0: PICTURES[0][1]}))


def test_cityscapes_ids_are_those_of_the_names() -> None:
    for known in CITYSCAPES_CLASSES.labels:
        assert cityscapes_id(known.name) == max(known.value, 0)
    ids = [cityscapes_id(name) for name in CAMVID_CLASSES.names]
    assert ids == [23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 25]
    assert cityscapes_id("traffic_light") == 19
    assert cityscapes_id("sofa") == 0


def test_names_that_stand_for_others_are_real_names() -> None:
    known = {name.replace("_", " ") for name in (*CAMVID_CLASSES.names, *VSPW_CLASSES.names)}
    assert set(SAME_CLASS) <= known
    assert set(SAME_CLASS.values()) <= set(CITYSCAPES_CLASSES.names)


def test_a_model_under_cityscapes_ids_is_a_semantic_model() -> None:
    model = CityscapesIds(ShadeModel())
    assert isinstance(model, SemanticModel)
    assert model.classes[7] == "road"
    plain = [p.labels for _, p in label(ShadeModel(), ArrayVideo(FRAMES))]
    there = [p.labels for _, p in label(model, ArrayVideo(FRAMES))]
    ids = np.array([7, 26, 24])
    assert all(np.array_equal(ids[one], other) for one, other in zip(plain, there, strict=True))
    assert there[0].dtype == np.uint8


@pytest.mark.parametrize("known", [CAMVID_CLASSES, CITYSCAPES_CLASSES, VSPW_CLASSES])
def test_colours_are_those_of_the_class_set(known) -> None:
    colours = class_colours(known.names)
    assert [tuple(colour) for colour in colours[: len(known.names)].tolist()] == list(known.colours)
    assert not colours[len(known.names) :].any()


def test_a_class_that_no_set_has_is_bright() -> None:
    colours = class_colours(("road", "unicorn", "terrain"))
    assert tuple(colours[0]) == (128, 64, 128)
    assert np.array_equal(colours[1], overlay_colours()[2])
    assert tuple(colours[2]) == (152, 251, 152)


@pytest.mark.filterwarnings("default")
def test_doubts_about_the_video_are_warnings() -> None:
    deep = [np.full((40, 60, 3), 900 + n, np.uint16) for n in range(2)]
    with pytest.warns(UserWarning, match="stretched by the same factor"):
        list(label(ShadeModel(), deep))
    with pytest.warns(UserWarning, match="stretched by the same factor"):
        list(track(ColourModel(), deep, np.eye(40, 60)))
