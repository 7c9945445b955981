import numpy as np

from models.train import store
from models.train.store import Entry, Labelled, Store


def test_pictures_of_all_sizes_come_back_as_they_went_in(tmp_path):
    rng = np.random.default_rng(0)
    given = []
    for count, (height, width) in enumerate(((5, 9), (40, 3), (7, 7))):
        image = rng.integers(0, 255, (height, width, 3)).astype(np.uint8)
        boxes, trust = rng.random((count, 4)).astype(np.float32), rng.random(count).astype(np.float32)
        given.append(Entry(Labelled(image, boxes, trust, empty=not count), f"source{count}", "boxes"))
    store.write(tmp_path, iter(given))
    read = Store(tmp_path)
    assert len(read) == 3
    assert read.sources == ["source0", "source1", "source2"]
    for number, entry in enumerate(given):
        back = read[number]
        assert np.array_equal(back.image, entry.picture.image)
        assert np.array_equal(back.boxes, entry.picture.boxes)
        assert np.array_equal(back.trust, entry.picture.trust)
        assert back.empty == entry.picture.empty
