"""How an assembler kernel of many arguments gets them; here no assembler kernel runs."""

import sys

from dermis.core import assembler


def test_arguments_come_in_a_block():
    first, second = bytearray(3), bytes(2)
    seen = []

    def kernel(words):
        seen.append([words[place] for place in range(5)])
        return 7

    call = assembler.in_a_block(kernel, lambda buffer: 1000 + len(buffer), assembler.room())
    assert call(5, second, 0, first, 0xFFFF) == 7
    assert seen == [[5, 1002, 0, 1003, 0xFFFF]]


def test_kernels_share_a_block():
    words = assembler.room()
    first = assembler.in_a_block(lambda block: block[0], None, words)
    second = assembler.in_a_block(lambda block: block[1], None, words)
    assert (first(1, 2), second(3, 4), first(5)) == (1, 4, 5)


def test_every_address_of_the_machine_fits():
    call = assembler.in_a_block(lambda block: block[0], lambda buffer: 0xFFFFFFFC, assembler.room())
    assert call(b"") == 0xFFFFFFFC


def test_a_machine_of_another_kind_keeps_its_kernels():
    assembler.install_for_this_machine()
    assert not assembler.is_xtensawin()
    assert "dermis.core.kernels_xtensa" not in sys.modules
