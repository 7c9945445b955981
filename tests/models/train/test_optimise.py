import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from models.train.network import PersonNet, Shape  # noqa: E402
from models.train.optimise import Muon, optimisers, orthogonal  # noqa: E402


@pytest.mark.parametrize("shape", [(8, 30), (30, 8), (12, 12)])
def test_a_step_has_singular_values_near_one_in_the_directions_of_the_gradient(shape):
    torch.manual_seed(1)
    matrix = torch.randn(shape)
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert ((values > 0.5) & (values < 1.35)).all()
    assert (orthogonal(matrix) * matrix).sum() > 0


def test_muon_goes_down_a_slope():
    torch.manual_seed(0)
    weight, goal = torch.nn.Parameter(torch.zeros(4, 3, 1, 1)), torch.randn(4, 3, 1, 1)
    optimiser = Muon([weight], 0.05, decay=0.0)
    losses = []
    for _ in range(60):
        optimiser.zero_grad()
        loss = (weight - goal).square().sum()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_every_weight_is_moved_by_one_optimiser():
    network = PersonNet(Shape((8, 8, 16, 16, 16), (1, 1, 1, 1, 1), 8))
    moved = [id(weight) for one in optimisers(network, 0.02, 0.002) for g in one.param_groups for weight in g["params"]]
    assert sorted(moved) == sorted(id(weight) for weight in network.parameters())
