"""Charts of characters, to the character."""

from cafflite.tools._chart import BLANK, TO_ASCII, chart

RISING = {"loss": [(0, 0.0), (50, 1.0), (100, 2.0)]}


def plain(text: str) -> list[str]:
    return text.replace(chr(BLANK), " ").splitlines()


def test_a_rising_line_fills_the_width():
    assert plain(chart(RISING, width=16, height=4, coloured=False)) == [
        "loss",
        "   2 ┤        ⡠⠊",
        "     │     ⢀⠔⠉  ",
        "0.75 ┤  ⢀⡠⠒⠁    ",
        "   0 ┤⡠⠔⠁       ",
        "     └──────────",
        "      0 iteration 100",
    ]


def test_the_characters_of_ascii():
    text = chart(RISING, width=16, height=4, coloured=False).translate(TO_ASCII)
    assert plain(text)[1:6] == [
        "   2 +        **",
        "     |     ***  ",
        "0.75 +  ****    ",
        "   0 +***       ",
        "     +----------",
    ]


def test_every_line_has_the_width():
    lines = chart({"x": [(0, -1.5), (1e6, 3e-7)]}, width=70, height=9, coloured=False).splitlines()
    assert {len(line) for line in lines[1:]} == {70}


def test_curves_have_the_colours_of_their_names():
    text = chart({"a": [(0, 0), (9, 0)], "b": [(0, 1), (9, 1)]}, width=10, height=2, coloured=True)
    names, upper, lower, *_ = text.splitlines()
    assert names == "\x1b[34ma\x1b[0m, \x1b[33mb\x1b[0m"
    assert "\x1b[33m⠉" in upper and "\x1b[34m" not in upper
    assert "\x1b[34m⣀" in lower and "\x1b[33m" not in lower


def test_a_level_line_and_a_single_point():
    assert "2" in chart({"x": [(0, 2.0), (5, 2.0)]}, width=20, height=3, coloured=False)
    text = chart({"x": [(3, 0.0)]}, width=20, height=3, coloured=False)
    assert sum(ord(c) > BLANK for c in text) == 1
