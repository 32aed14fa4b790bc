"""The contract with Textual: each private part that is used still does what it stands for.

Where the stock behaviour is what we work around, the test shows that too: when it fails, the
workaround may be dropped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
from textual._compositor import Compositor
from textual._xterm_parser import XTermParser
from textual.app import App, ComposeResult
from textual.color import Color
from textual.containers import Vertical
from textual.css.parse import parse as parse_css
from textual.events import Key, Resize
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget

from smtp_tui.tui.textual_compat import (
    CrashSafeApp,
    NoRepaintOnResize,
    PaintOnceScreen,
    allow_switch,
    decode_alt_keys,
)
from tests.terminal import Terminal, on_terminal
from tests.tui.driving import SAMPLE, form_on


class Focusable(Widget, can_focus=True):
    DEFAULT_CSS = "Focusable { height: 1; }"


class Recording:
    """Records how often a screen is asked to paint itself whole."""

    paints = 0
    resizes = 0

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Any:
        self.paints += repaint and not regions
        stock = cast(Any, super())
        return stock.refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def on_resize(self, _event: Resize) -> None:
        self.resizes += 1

    def compose(self) -> ComposeResult:
        yield Focusable(id="first")
        yield Focusable(id="second")


class StockScreen(Recording, Screen[None]):
    pass


class OurScreen(PaintOnceScreen, Recording, Screen[None]):
    pass


class TestPainting:
    @pytest.mark.parametrize(("kind", "is_painted"), [(StockScreen, True), (OurScreen, False)])
    async def test_a_step_of_the_focus_paints_no_whole_screen(
        self, kind: type[Any], is_painted: bool
    ) -> None:
        app = App[None]()
        async with app.run_test() as pilot:
            await app.push_screen(screen := kind())
            await pilot.pause()
            before = screen.paints
            screen.set_focus(screen.query_one("#second"))
            await pilot.pause()
            assert screen.focused is screen.query_one("#second")
            assert (screen.paints > before) is is_painted

    async def test_a_screen_that_returns_keeps_its_focus_and_is_not_laid_out_again(self) -> None:
        app = App[None]()
        async with app.run_test() as pilot:
            await app.push_screen(screen := OurScreen())
            await pilot.pause()
            assert screen.outer_size == app.size
            screen.set_focus(screen.query_one("#second"))
            await pilot.pause()
            resizes = screen.resizes
            await app.push_screen(OurScreen())
            await app.pop_screen()
            await pilot.pause()
            assert screen.focused is screen.query_one("#second")
            assert screen.resizes == resizes

    async def test_parts_that_mount_with_a_screen_do_not_paint_it_a_second_time(self) -> None:
        class Filled(OurScreen):
            def on_layout(self) -> None:
                before = self.paints
                super().on_layout()
                again.append(self.paints > before)

            def compose(self) -> ComposeResult:
                with Vertical():
                    yield from super().compose()

        again: list[bool] = []
        app = App[None]()
        async with app.run_test() as pilot:
            await app.push_screen(screen := Filled())
            await pilot.pause()
            assert again
            assert not any(again)
            await screen.query_one(Vertical).mount(Focusable(id="third"))
            await pilot.pause()
            assert again[-1]

    @pytest.mark.parametrize("name", ["virtual_size", "show_vertical_scrollbar"])
    async def test_a_widget_that_learns_its_size_is_not_painted(self, name: str) -> None:
        class OurWidget(NoRepaintOnResize, Recording, Widget):
            def compose(self) -> ComposeResult:
                return iter(())

        app = App[None]()
        async with app.run_test() as pilot:
            widget = OurWidget()
            await app.mount(widget)
            await pilot.pause()
            before = widget.paints
            setattr(widget, name, Size(7, 7) if name == "virtual_size" else True)
            await pilot.pause()
            assert widget.paints == before


class TestSwitching:
    async def test_the_first_screen_can_be_switched(self) -> None:
        app = App[None]()
        async with app.run_test() as pilot:
            allow_switch(app.screen)
            await app.switch_screen(other := Screen[None]())
            await pilot.pause()
            assert app.screen is other
            allow_switch(other)
            await app.switch_screen(last := Screen[None]())
            assert app.screen is last

    async def test_textual_itself_fails_at_that(self) -> None:
        app = App[None]()
        async with app.run_test():
            with pytest.raises(IndexError):
                app.switch_screen(Screen[None]())


class Themed(CrashSafeApp):
    CSS = "Screen { background: $primary; }"
    THEME = Theme("plain", primary="ansi_red")


class StockThemed(App[None]):
    CSS = Themed.CSS

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(Themed.THEME)
        self.theme = Themed.THEME.name


@pytest.mark.parametrize(("kind", "times"), [(Themed, 1), (StockThemed, 2)])
async def test_the_css_of_a_fixed_theme_is_parsed_once(
    kind: type[App[Any]], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    stock = parse_css

    def parse(scope: str, css: str, *given: Any, **more: Any) -> Any:
        parsed.append(css)
        return stock(scope, css, *given, **more)

    monkeypatch.setattr("textual.css.stylesheet.parse", parse)
    app = kind()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert parsed.count(Themed.CSS) == times
        assert app.screen.styles.background == Color.parse("ansi_red")


class Crashing(CrashSafeApp):
    saved = 0

    def before_crash(self) -> None:
        self.saved += 1

    def on_mount(self) -> None:
        secret = "hunter2hunter2"
        raise ZeroDivisionError(len(secret))


def test_a_crash_is_kept_and_shows_no_local_variable(capfd: pytest.CaptureFixture[str]) -> None:
    app = Crashing()
    app.run(headless=True)
    assert isinstance(app.crash, ZeroDivisionError)
    assert app.saved == 1
    assert app.return_code == 1
    shown = capfd.readouterr()
    assert "hunter2" not in shown.out + shown.err
    assert "ZeroDivisionError" not in shown.out + shown.err


def test_alt_with_a_letter_is_one_key() -> None:
    decode_alt_keys()
    (event,) = [one for one in XTermParser().feed("\x1bd") if isinstance(one, Key)]
    assert (event.key, event.character) == ("alt+d", None)


class TestDriver:
    """On a terminal, where the driver is; `tests/tui/test_manners.py` has the old terminals."""

    PROGRAM = """\
import sys
from textual.app import App
from textual.widgets import Static
from smtp_tui.tui.textual_compat import TerminalDriver

class Sized(App[None]):
    def get_driver_class(self):
        return TerminalDriver
    def compose(self):
        yield Static("starting")
    def on_resize(self, event):
        self.query_one(Static).update(f"{event.size.width} by {event.size.height}")
    def on_click(self, event):
        self.exit()
        self._driver.stop_application_mode()

Sized().run()
"""

    @pytest.fixture
    def terminal(self, tmp_path: Path) -> Iterator[Terminal]:
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        for name in ("COLUMNS", "LINES"):  # pytest-xdist sets them, and they win over the window
            environment.pop(name, None)
        with on_terminal([sys.executable, "-c", self.PROGRAM], environment) as terminal:
            terminal.wait_for("80 by 24")
            yield terminal

    def test_clicks_are_asked_for_and_movements_are_not(self, terminal: Terminal) -> None:
        assert b"\x1b[?1000h" in terminal.output
        assert b"\x1b[?1003h" not in terminal.output

    def test_a_size_arrives_and_stopping_twice_is_harmless(self, terminal: Terminal) -> None:
        terminal.resize(100, 30)
        terminal.wait_for("100 by 30")
        terminal.press("\x1b[<0;5;5M\x1b[<0;5;5m")
        assert terminal.wait_for_end() == 0
        assert b"\x1b[?1049l" in terminal.output


def test_a_control_key_soon_after_escape_leaves_both() -> None:
    decode_alt_keys()
    for data, keys in (
        ("\x1b\x10", ["escape", "ctrl+p"]),
        ("\x1b\r", ["escape", "enter"]),
        ("\x1bd", ["alt+d"]),
    ):
        events = [*XTermParser().feed(data)]
        assert [event.key for event in events if isinstance(event, Key)] == keys


async def test_a_new_form_is_laid_out_once_for_one_size_and_later_each_time(tmp_path: Path) -> None:
    reflow = Compositor.reflow
    with patch.object(Compositor, "reflow", autospec=True, side_effect=reflow) as laid_out:
        async with form_on(SAMPLE, tmp_path) as hand:
            assert laid_out.call_count <= 2  # the second has the advice, which comes later
            hand.pilot.app.screen.post_message(Resize(Size(80, 24), Size(80, 24)))
            before = laid_out.call_count
            await hand.press("down")
            assert laid_out.call_count > before
