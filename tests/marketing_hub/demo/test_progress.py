import io

from marketing_hub.demo.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticking(*instants: float):
    return iter(instants).__next__


def test_progress__into_a_file__is_one_line_a_step():
    out = io.StringIO()
    progress = Progress(out, ticking(0, 0, 1, 2.5))

    progress.begin("customers")
    progress.at(50, 100)
    progress.end("100 imported")

    assert out.getvalue() == "  customers  100 imported (2.5 s)\n"


def test_progress__on_a_terminal__moves_and_gives_way_to_the_words():
    out = Terminal()
    progress = Progress(out, ticking(0, 1, 2, 2.01, 3))

    progress.begin("customers")
    progress.at(50, 100)
    progress.at(51, 100)
    progress.end("100 imported")

    frames = out.getvalue().split("\r")
    assert frames[1].endswith("]   0%")
    assert frames[2].endswith("[###############...............]  50%")
    assert frames[3] == "\033[K  customers  100 imported (3.0 s)\n"
