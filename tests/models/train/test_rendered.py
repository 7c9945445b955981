import numpy as np

from models.train import rendered


def test_the_same_seed_draws_the_same_pictures_with_boxes_in_pixels():
    first, second = (list(rendered.entries(4, seed=4)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.picture.image, other.picture.image)
        assert np.array_equal(one.picture.boxes, other.picture.boxes)
        assert one.picture.image.shape == (rendered.HEIGHT, rendered.WIDTH, 3)
        assert (one.picture.boxes >= 0).all()
        assert (one.picture.boxes <= (rendered.WIDTH, rendered.HEIGHT) * 2).all()
        assert one.picture.empty == (not len(one.picture.boxes))
    assert max(entry.picture.boxes.max(initial=0) for entry in first) > 2
