import pytest

from edge.core.model_facts import InputSize, Layout, ModelFacts


def facts(layout: Layout | None) -> ModelFacts:
    return ModelFacts(name="m", sha256="0" * 64, layout=layout)


def test_custom_of_the_layout_fills_only_what_is_open():
    assert (facts(None).settled("yolox").colour, facts(None).settled("yolox").scale) == ("bgr", 1.0)
    assert (facts(None).settled("person_grid").colour, facts(None).settled("person_grid").scale) == ("bgr", 1.0)
    assert (facts(None).settled("yolov8").colour, facts(None).settled("yolov8").scale) == ("rgb", 255.0)
    stated = ModelFacts(name="m", sha256="0" * 64, colour="bgr", scale=1).settled("end2end")
    assert (stated.colour, stated.scale, stated.layout) == ("bgr", 1, "end2end")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "-x"},
        {"name": "with space"},
        {"name": "x" * 65},
        {"sha256": "0" * 63},
        {"sha256": "G" * 64},
        {"scale": 127.5},
        {"pad": 256},
        {"person_class": -1},
        {"score_threshold": -0.1},
        {"score_threshold": float("nan")},
        {"iou_threshold": 1.5},
    ],
)
def test_facts_outside_their_range_are_refused(wrong):
    (value,) = wrong.values()
    with pytest.raises(ValueError, match="expected") as caught:
        ModelFacts(**({"name": "m", "sha256": "0" * 64} | wrong))
    assert str(value) in str(caught.value)


@pytest.mark.parametrize("side", [0, 16, 100, 4128])
def test_an_input_that_the_strides_do_not_divide_is_refused(side):
    with pytest.raises(ValueError, match=f"width of 32 to 4096 pixels in steps of 32, got {side}"):
        InputSize(64, side)
