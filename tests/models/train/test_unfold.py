from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("onnx", reason="training needs the extra [train]")

from models.train import export  # noqa: E402
from models.train.network import Shape  # noqa: E402
from models.train.unfold import unfold  # noqa: E402
from tests.models.train.tiny import HEIGHT, PLAN, WIDTH, tiny_network  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny.onnx"
    export.export(tiny_network(), PLAN, path)
    return path


def test_what_shipped_says_the_same_when_it_is_to_be_trained_on(file):
    images = torch.rand(6, 3, HEIGHT, WIDTH)
    again = unfold(file, PLAN, images)
    with torch.no_grad():
        assert torch.allclose(again(images), tiny_network()(images), atol=1e-4)


def test_its_norms_are_those_of_the_pictures_so_that_training_does_not_jump(file):
    images = torch.rand(6, 3, HEIGHT, WIDTH)
    again = unfold(file, PLAN, images)
    with torch.no_grad():
        before = again(images)
        assert torch.allclose(again.train()(images), before, atol=0.02)


def test_a_file_of_another_network_is_named(file):
    images = torch.rand(1, 3, HEIGHT, WIDTH)
    wider = replace(PLAN, shape=Shape((8, 8, 16, 16, 24), (1, 1, 1, 1, 1), 16))
    with pytest.raises(ValueError, match=r"tiny\.onnx: expected .* weights in at32"):
        unfold(file, wider, images)
    deeper = replace(PLAN, shape=Shape((8, 8, 16, 16, 16), (2, 1, 1, 1, 1), 16))
    with pytest.raises(ValueError, match="is it of another network"):
        unfold(file, deeper, images)
