import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from models.train.network import STRIDES, PersonNet, Shape, cell_centres, cell_count, decode  # noqa: E402
from models.train.plans import PLANS  # noqa: E402

SMALL = Shape((8, 8, 16, 16, 16), (1, 1, 1, 1, 1), 8)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96), (96, 32)])
def test_an_input_of_any_multiple_of_32_gives_five_numbers_a_cell(height, width):
    raw = PersonNet(SMALL)(torch.rand(2, 3, height, width))
    assert raw.shape == (2, cell_count(height, width), 5)
    distances, _ = decode(raw)
    assert (distances >= 0).all()


def test_cells_lie_in_the_middle_of_their_squares_row_by_row():
    centres, strides = cell_centres(32, 64)
    assert len(centres) == cell_count(32, 64)
    assert centres[:2].tolist() == [[4, 4], [12, 4]]
    assert centres[-1].tolist() == [48, 16]
    assert sorted(set(strides.flatten().tolist())) == list(STRIDES)


def test_what_is_in_one_corner_is_answered_by_the_cells_there():
    torch.manual_seed(0)
    network = PersonNet(SMALL).eval()
    dark = torch.zeros(1, 3, 256, 256)
    lit = dark.clone()
    lit[:, :, 200:, 216:] = 1.0
    changed = (network(lit) - network(dark)).abs().sum(-1)[0]
    centres, strides = cell_centres(256, 256)
    fine = (strides == 8).flatten()
    strongest = centres[fine][changed[fine].argmax()]
    assert (strongest > torch.tensor([170.0, 150.0])).all()


def test_a_deeper_network_begins_as_the_shallower_one():
    torch.manual_seed(0)
    small = PersonNet(PLANS["person-n"].shape).eval()
    large = PersonNet(PLANS["person-s"].shape).eval()
    assert PLANS["person-s"].start == "person-n"
    assert not large.load_state_dict(small.state_dict(), strict=False).unexpected_keys
    picture = torch.rand(1, 3, 64, 64)
    assert torch.allclose(small(picture), large(picture), atol=1e-5)
