import pytest

from edge.config import InvalidConfigError, parse
from edge.config.yaml import MAX_CHARS
from edge.errors import ConfigError
from tests.test_config import SMALL

SECRET = "hunter2-S3cret"
LINE = "7: cameras[0].lines[0]."
ZONE = "8: cameras[0].zones[0]."


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert isinstance(caught.value, InvalidConfigError)
    assert caught.value.__context__ is None
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return str(caught.value).splitlines()


def changed(old: str, new: str) -> list[str]:
    assert old in SMALL
    return problems_of(SMALL.replace(old, new))


def test_every_problem_at_once_with_line_path_and_near_name() -> None:
    text = """\
site: Shop 1
device: box
camera: []
cameras:
  - name: entrance
    source: /dev/video0
    model: person-n
    detect_fps: fast
    lines:
      - name: door
        point: [[0.1, 0.6], [0.9, 0.6]]
        inside: [0.5, 1.5]
        anchor: foots
    zones:
      - name: door
        polygon: [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]
        stop_s: 20
interval_s: 70
mqtt: {prot: 1883}
"""
    assert problems_of(text) == [
        "line 1: site: expected 1 to 63 lower-case letters, digits and inner hyphens, found 'Shop 1'",
        "line 3: camera: unknown key; did you mean 'cameras'?",
        "line 8: cameras[0].detect_fps: expected a number, found 'fast'",
        "line 11: cameras[0].lines[0].point: unknown key; did you mean 'points'?",
        "line 12: cameras[0].lines[0].inside[1]: expected a fraction of the frame, 0 to 1, found 1.5",
        "line 13: cameras[0].lines[0].anchor: expected 'foot', 'head' or 'centre', found 'foots'; did you mean 'foot'?",
        (
            "line 15: cameras[0].zones[0].name: expected a name of its own, but 'door' is that of "
            "cameras[0].lines[0].name on line 10 too"
        ),
        "line 15: cameras[0].zones[0].engaged_s: expected more than stop_s (20 s), found 15 (the default)",
        (
            "line 16: cameras[0].zones[0].polygon: expected a polygon that does not meet itself, but segments 0-1 and "
            "2-3 do"
        ),
        "line 18: interval_s: expected a divisor of 3600 such as 60, 300 or 900, found 70",
        "line 19: mqtt.prot: unknown key; did you mean 'port'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("[0.9, 0.6]]", "]", LINE + "points",
         "expected at least 2 items, found a list of 1"),
        ("[0.9, 0.6]]", "[0.1, 0.6]]", LINE + "points",
         "expected different corners, but the one after point 0 is the same again"),
        ("[0.9, 0.6]]", "[0.9, 0.6], [0.2, 0.6]]", LINE + "points",
         "expected a line that does not meet itself, but segments 0-1 and 1-2 do"),
        ("[0.9, 0.6]]", "[0.9, 0.6], [0.9, 0.1], [0.5, 0.8]]", LINE + "points",
         "expected a line that does not meet itself, but segments 0-1 and 2-3 do"),
        ("[0.9, 0.6]]", "[0.9, .nan]]", LINE + "points[1][1]",
         "expected a finite number, found .nan"),
        ("[0.9, 0.6]]", "[0.9, -.inf]]", LINE + "points[1][1]",
         "expected a finite number, found -.inf"),
        ("[0.9, 0.6]]", "[0.9]]", LINE + "points[1][1]",
         "missing"),
        ("[0.9, 0.6]]", "[0.9, 0.6, 0]]", LINE + "points[1]",
         "expected at most 2 items, found a list of 3"),
        ("[0.5, 0.9]", "[0.5, 0.6]", LINE + "inside",
         "expected a point beside the line, but it lies on the line or on its extension"),
        ("[0.5, 0.9]", "[1.0, 0.6]", LINE + "inside",
         "expected a point beside the line, but it lies on the line or on its extension"),
        ("[0.7, 1.0], [0.4, 1.0]]", "]", ZONE + "polygon",
         "expected at least 3 items, found a list of 2"),
        ("[0.7, 1.0], [0.4, 1.0]]", "[0.5, 0.7]]", ZONE + "polygon",
         "expected corners around an area, but they lie on one line"),
        ("[0.4, 1.0]]", "[0.4, 1.0], [0.4, 0.7]]", ZONE + "polygon",
         "expected different corners, but the one after point 4 is the same again"),
        ("[0.4, 1.0]]", "\n        [0.4, 1.1]]", "9: cameras[0].zones[0].polygon[3][1]",
         "expected a fraction of the frame, 0 to 1, found 1.1"),
        ("name: beauty", "name: beauty, stop_s: 20, engaged_s: 20", ZONE + "engaged_s",
         "expected more than stop_s (20 s), found 20"),
        ("name: beauty", "name: beauty, max_s: 14", ZONE + "max_s",
         "expected at least engaged_s (15 s), found 14"),
        ("model: person-n", "tracker: {low_score: 0.6}\n    model: x", "6: cameras[0].tracker.low_score",
         "expected at most high_score (0.5), found 0.6"),
        ("model: person-n", "models: x", "6: cameras[0].models",
         "unknown key; did you mean 'model'?"),
        ("    model: person-n\n", "", "4: cameras[0].model",
         "missing"),
        ("model: person-n", "model:", "6: cameras[0].model",
         "expected text, found nothing"),
        ("device: box", "device: NO", "2: device",
         "expected 1 to 63 lower-case letters, digits and inner hyphens, found 'NO'"),
        ("device: box", "device: 5", "2: device",
         "expected text, found 5"),
        ("device: box", "device: [1, 2]", "2: device",
         "expected text, found a list of 2"),
        ("device: box", "device: box\ninterval_s: true", "3: interval_s",
         "expected a whole number, found true"),
        ("device: box", "device: box\ninterval_s: 30", "3: interval_s",
         "expected at least 60, found 30"),
        ("device: box", "device: box\nhealth_s: 1e999", "3: health_s",
         "expected a whole number, found .inf"),
        ("device: box", "device: box\nbusiness_day_start: 24:00", "3: business_day_start",
         "expected a time of day such as 04:00, found '24:00'"),
        ("device: box", "device: box\ntimezone: Europe/Atlantis", "3: timezone",
         "expected a time zone that this machine knows, such as Europe/Berlin"),
        ("device: box", "device: box\ntimezone: ../../etc/hostname", "3: timezone",
         "expected a time zone that this machine knows, such as Europe/Berlin"),
        ("device: box", "device: box\nmqtt: {tls: {cert_file: c.pem}}", "3: mqtt.tls",
         "expected cert_file and key_file together, found one of them"),
        ("device: box", "device: box\nmqtt: {port: 65536}", "3: mqtt.port",
         "expected at most 65535, found 65536"),
        ("device: box", "device: box\nmqtt: {password: {env: P}}", "3: mqtt.password",
         "expected 'username' beside it, found none"),
        ("device: box", "device: box\nmqtt:", "3: mqtt",
         "expected a mapping (key: value), found nothing"),
        ("device: box", "device: box\ndevice: two", "3: device",
         "duplicate key; it stands on line 2 already"),
        ("device: box", "device: !x box", "2: device",
         "tags are not used here; a text that begins with '!' needs quotes"),
        ("device: box", "device: *box", "2: device",
         "an alias without its anchor above it; a text that begins with '*' needs quotes"),
        ("device: box", "<<: {device: box}", "2",
         "merge keys ('<<') are not used here; write the keys out"),
        ("device: box", "device: box\n[a]: b", "3",
         "expected plain text as a key, found a list, mapping or alias"),
        ("device: box", "device:\n\tbox: 1", "3",
         "not YAML at column 1: found a tab; YAML is indented with spaces"),
        ("device: box", "device: box: 1", "2",
         "not YAML at column 12: mapping values are not allowed here"),
        ("device: box", "device: 'box", "9",
         "not YAML at column 1: found unexpected end of stream"),
        ("device: box", 'device: b\x00x', "2",
         "expected printable text, found the character U+0000"),
        ("device: box", 'device: "\\ud800"', "2",
         "not YAML: a character code that does not exist, or the like"),
        ("device: box", 'device: "\\U99999999"', "2",
         "not YAML: a character code that does not exist, or the like"),
        ("device: box", "device: box\n---\nsite: two", "3",
         "expected one document, found another one"),
    ],
)  # fmt: skip
def test_one_wrong_thing_is_named(old: str, new: str, where: str, what: str) -> None:
    assert f"line {where}: {what}" in changed(old, new)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: expected keys such as 'site' and 'cameras', found nothing"),
        ("# only a comment\n", "line 1: expected keys such as 'site' and 'cameras', found nothing"),
        ("- site", "line 1: expected a mapping (key: value), found a list of 1"),
        ("site", "line 1: expected a mapping (key: value), found 'site'"),
        ("site: " + "x" * (MAX_CHARS + 1), f"line 1: expected at most {MAX_CHARS} characters, found {MAX_CHARS + 7}"),
        ("x: [" + "1," * 20_000 + "]", "line 1: x[19998]: expected at most 20000 values, aliases written out"),
        ("x: " + "[" * 100_000, "line 1: x" + "[0]" * 20 + ": expected at most 20 levels"),
    ],
)
def test_a_text_that_is_no_configuration(text: str, problem: str) -> None:
    assert problems_of(text) == [problem]


def test_aliases_do_not_multiply_without_end() -> None:
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    (problem,) = problems_of(bomb)
    assert "expected at most 20000 values, aliases written out" in problem


def test_names_are_unique_over_all_cameras() -> None:
    second = SMALL[SMALL.index("  - name") :]
    assert problems_of(SMALL + second) == [
        "line 9: cameras[1].name: expected a name of its own, but 'entrance' is that of cameras[0].name on line 4 too",
        (
            "line 9: cameras[1]: expected a key 'device' with a name of its own on the wire, "
            "but 'box' is that of cameras[0] too"
        ),
        (
            "line 12: cameras[1].lines[0].name: expected a name of its own, but 'door' is that of "
            "cameras[0].lines[0].name on line 7 too"
        ),
        (
            "line 13: cameras[1].zones[0].name: expected a name of its own, but 'beauty' is that of "
            "cameras[0].zones[0].name on line 8 too"
        ),
    ]


@pytest.mark.parametrize(
    ("first", "second", "fine"),
    [
        ("", "device: other", True),
        ("device: x", "", True),
        ("", "device: box", False),
        ("device: a", "device: a", False),
    ],
)
def test_two_cameras_do_not_speak_under_one_name(first: str, second: str, fine: bool) -> None:
    camera = "  - {{name: {}, source: x, model: m, {}}}\n"
    text = "site: s\ndevice: box\ncameras:\n" + camera.format("a", first) + camera.format("b", second)
    if fine:
        parse(text)
    else:
        (problem,) = problems_of(text)
        assert problem.startswith("line 5: cameras[1]: expected a key 'device' with a name of its own on the wire")


def test_no_camera_and_too_many() -> None:
    assert "line 3: cameras: expected at least 1 items, found a list of 0" in problems_of(
        "site: s\ndevice: d\ncameras: []"
    )
    camera = "{name: c, source: x, model: y}"
    text = f"site: s\ndevice: d\ncameras: [{', '.join([camera] * 17)}]"
    assert "line 3: cameras: expected at most 16 items, found a list of 17" in problems_of(text)


@pytest.mark.parametrize(
    "wrong",
    [
        f"password: {SECRET}",
        f"password: [{SECRET}]",
        f"password: {{{SECRET}}}",
        f"password: {{value: {SECRET}}}",
        f"password: {{{SECRET}: 1, {SECRET}: 2}}",
        f"password: {{env: {SECRET}, file: /x}}",
        f"password: {{env: '{SECRET} '}}",
        f"password: {{file: {SECRET}}}",
        f"password: {{credential: ../{SECRET}}}",
        f"password: *{SECRET}",
        f"password: !{SECRET}",
        f"password: !{SECRET}!x y",
        f"password: {SECRET}: x",
        f"password: '{SECRET}",
        f"password: `{SECRET}",
        f"passwort: {SECRET}",
        f"source: 'rtsp://admin:{SECRET}@camera/'",
        f"source: 'rtsp://{SECRET}@camera/'",
        f"source: 'rtsp://admin:a/{SECRET}@camera/'",
        f"source: ['rtsp://admin:{SECRET}@camera/']",
        f"source: 'rtsp://camera/user=admin&password={SECRET}&channel=1'",
        f"detect_fps: 'rtsp://admin:{SECRET}@camera/'",
    ],
)
def test_a_secret_in_the_text_is_refused_and_not_repeated(wrong: str) -> None:
    text = SMALL.replace("    source: /dev/video0\n", f"    username: admin\n    {wrong}\n")
    problems = problems_of(text)
    assert any(problem.startswith(("line 6: ", "line 9: ", "line 10: ")) for problem in problems)
    assert SECRET not in "".join(problems)


def test_a_plain_password_is_told_where_to_go() -> None:
    assert changed("model: person-n", f"model: x\n    username: u\n    password: {SECRET}") == [
        (
            "line 8: cameras[0].password: expected {env: NAME}, {file: /absolute/path} or {credential: NAME}; "
            "secrets never stand in the YAML text"
        )
    ]
