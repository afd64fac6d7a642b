from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator

import pytest

from realtime_agents.errors import StoreError
from realtime_agents.logs import Formatter, shorten_traceback_text


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter("%(levelname)s %(message)s"))
    handler.addFilter(shorten_traceback_text)
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


LOG = logging.getLogger("tests.logs")


def test_the_values_of_a_record_are_written(written: io.StringIO) -> None:
    LOG.warning("an agent file is wrong", extra={"file": "va.yaml", "line": 3})
    assert written.getvalue() == "WARNING an agent file is wrong file='va.yaml' line=3\n"


def test_of_a_foreign_exception_type_and_place_are_written_and_not_its_words(written: io.StringIO) -> None:
    number, name = "123-45-" + "6789", "A" + "da"
    try:
        try:
            int(number)
        except ValueError as error:
            raise KeyError(name) from error
    except KeyError:
        LOG.exception("a request of the page failed")
    text = written.getvalue()
    assert number not in text and name not in text
    assert text.index("KeyError") < text.index("caused by") < text.index("\nValueError")
    assert "test_logs.py" in text


def test_our_own_errors_are_written_with_their_words(written: io.StringIO) -> None:
    try:
        raise StoreError("The history database is locked.")
    except StoreError:
        LOG.exception("history not saved")
    assert "StoreError: The history database is locked." in written.getvalue()


def test_an_exception_that_causes_itself_ends(written: io.StringIO) -> None:
    error = RuntimeError()
    error.__cause__ = error
    LOG.error("odd", exc_info=error)
    assert written.getvalue().count("RuntimeError") == 5


def test_a_traceback_logged_as_text_by_a_server_is_one_sentence_when_the_error_is_ours(
    written: io.StringIO,
) -> None:
    try:
        raise StoreError("The history database is locked.")
    except StoreError:
        LOG.error(traceback.format_exc())
    assert written.getvalue() == "ERROR The history database is locked.\n"


def test_a_traceback_logged_as_text_loses_the_words_of_a_foreign_error(written: io.StringIO) -> None:
    number = "123-45-" + "6789"
    try:
        int(number)
    except ValueError:
        LOG.error(traceback.format_exc())
    assert number not in written.getvalue()
    assert "test_logs.py" in written.getvalue()
    assert written.getvalue().endswith("ValueError\n")
