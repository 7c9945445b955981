import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from models.train.mean import mean, measure_norms  # noqa: E402
from models.train.network import PersonNet  # noqa: E402
from tests.models.train.tiny import HEIGHT, SHAPE, WIDTH, tiny_network  # noqa: E402


def test_the_mean_lies_between_both():
    first, second = tiny_network().state_dict(), PersonNet(SHAPE).state_dict()
    for share, expected in ((0.0, first), (1.0, second)):
        found = mean(first, second, share)
        assert all(torch.equal(found[name], weight) for name, weight in expected.items())
    half = mean(first, second, 0.5)
    name = "at8.0.0.weight"
    assert torch.allclose(half[name], (first[name] + second[name]) / 2)
    PersonNet(SHAPE).load_state_dict(half)


def test_norms_are_those_of_the_pictures_afterwards():
    network, images = tiny_network(), torch.rand(8, 3, HEIGHT, WIDTH)
    weights = {name: weight.clone() for name, weight in network.named_parameters()}
    measure_norms(network, images.split(4))
    assert not network.training
    convolution, norm = network.stem[0], network.stem[1]
    with torch.no_grad():
        assert torch.allclose(norm.running_mean, convolution(images).mean((0, 2, 3)), atol=1e-5)
    assert all(torch.equal(weight, weights[name]) for name, weight in network.named_parameters())
