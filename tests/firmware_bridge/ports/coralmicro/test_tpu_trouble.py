"""An Edge TPU that times out, whose upload is lost, or whose networks share a token: never a wrong score."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.mailbox import (
    ACOUSTIC,
    ERROR,
    INPUTS,
    KEYWORD,
    LOADED,
    NEVER,
    REFUSED,
    fails,
    infer,
    load,
    network,
    opened,
)

ZERO = [0] * INPUTS
TOKEN = 77


@pytest.fixture
def mailbox(glue: Any) -> Any:
    return opened(glue)


@pytest.mark.parametrize("end", [ERROR, REFUSED, NEVER])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_transfer_that_goes_wrong_spoils_the_run_also_in_the_upload(
    mailbox: Any, end: int, number: int
) -> None:
    """The first transfer is the upload, whose result the SDK does not look at."""
    assert load(mailbox, network(last=5, token=TOKEN)) == LOADED
    mailbox.usb_bad(number, number + 1, end)
    assert fails(mailbox)


def test_after_one_failure_nothing_is_run_and_nothing_is_asked(mailbox: Any) -> None:
    """The SDK has the token noted as cached: the next run would use what the TPU held before."""
    load(mailbox, network(last=5, token=TOKEN))
    mailbox.usb_bad(0, 1, NEVER)
    assert fails(mailbox)
    before = mailbox.usb_transfers()
    assert fails(mailbox) and fails(mailbox, KEYWORD)
    assert mailbox.mailbox_temperature() == -(2**31)
    assert mailbox.usb_transfers() == before


def test_the_end_of_a_transfer_that_was_given_up_reaches_nobody(mailbox: Any) -> None:
    load(mailbox, network(last=5))
    mailbox.usb_bad(1, 2, NEVER)
    assert fails(mailbox)
    mailbox.usb_late()
    assert mailbox.usb_dead_writes() == 0


def test_good_runs_stay_good(mailbox: Any) -> None:
    load(mailbox, network(last=5, token=TOKEN))
    load(mailbox, network(last=9, token=TOKEN), KEYWORD)
    for _ in range(3):
        assert infer(mailbox, ZERO)[0] == 5
        assert infer(mailbox, ZERO, KEYWORD)[0] == 9
    assert mailbox.mailbox_temperature() == 41500
    assert not mailbox.mailbox_needs_restart()


def test_new_weights_under_the_token_of_the_old_ones_are_not_run(mailbox: Any) -> None:
    load(mailbox, network(last=5, token=TOKEN))
    load(mailbox, network(last=9, token=TOKEN), KEYWORD)
    assert (infer(mailbox, ZERO)[0], infer(mailbox, ZERO, KEYWORD)[0]) == (5, 9)
    assert load(mailbox, network(last=50, token=TOKEN)) == LOADED
    assert mailbox.mailbox_needs_restart()
    assert fails(mailbox), "it would be run on the old parameters"


def test_after_a_restart_they_are(new_glue: Callable[[], Any]) -> None:
    again = opened(new_glue())
    load(again, network(last=50, token=TOKEN))
    assert not again.mailbox_needs_restart()
    assert infer(again, ZERO)[0] == 50


@pytest.mark.parametrize(("token", "last"), [(TOKEN, 5), (TOKEN + 1, 50), (0, 50)])
def test_the_same_bytes_or_another_token_need_no_restart(mailbox: Any, token: int, last: int) -> None:
    load(mailbox, network(last=5, token=TOKEN))
    infer(mailbox, ZERO)
    load(mailbox, network(last=last, token=token))
    assert not mailbox.mailbox_needs_restart()
    assert infer(mailbox, ZERO)[0] == last


def test_a_tpu_that_comes_late_is_taken(glue: Any) -> None:
    glue.tpu_there(0)
    glue.mailbox_start()
    time.sleep(0.05)
    assert not glue.mailbox_there()
    glue.tpu_there(1)
    deadline = time.monotonic() + 5
    while not glue.mailbox_there():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert load(glue, network(last=3), ACOUSTIC) == LOADED
