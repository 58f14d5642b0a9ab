"""The one channel between the firmware and the twin: frames, ADC samples, lights, clock and flash.

A stream socket, inherited as a descriptor. Every request and every response is a header and a payload:

    op u8 | status u8 | seq u16 | length u32 | time u64   (little-endian, 16 bytes)

`time` is the module's clock in microseconds since its start: the twin has no clock of its own, the
world is where the module's clock says it is. A response repeats `op` and `seq`; `status` is 0, or an error
whose sentence is the payload (UTF-8). Requests are answered in order.

The flash chip hangs on a second socket of the same kind, as a board's does on a bus of its own: a file system that was
mounted by one program is still there for the next, whose requests for frames may be under way meanwhile. Only FLASH_*
are answered there, and `time` is nothing. They are answered on the first socket too.

Scene names and truth never cross this channel: there is no message that could carry them.
"""

import struct

VERSION = 1
HEADER = "<BBHIQ"
HEADER_SIZE = struct.calcsize(HEADER)

STATUS_OK, STATUS_FAULT, STATUS_INTERLOCK = 0, 1, 2

# op: request payload -> response payload
HELLO = 1  # version u8 -> JSON: serial, board, swir, imager, swir_head, virtual_time, unix_time, reset_cause,
# flash_size, ticks_us (what the module's clock says at its start), skips (whether SKIP is to be asked)
CAMERA_START = 2  # exposure u32 us, gain u16 Q8, buffers u8 -> empty
CAMERA_READ = 3  # empty -> next u64 us (when to ask again; 0: a frame follows), then 320*240 bytes
CAMERA_STOP = 4  # empty -> empty
EMIT = 5  # light u8 (index into LIGHTS), level u16 Q8 of nominal current, longest u32 us -> empty
DARKEN = 6  # empty -> empty: every light off now
SWIR_READ = 7  # band u8 (index into SWIR_BANDS), pairs u16 -> on u32, off u32 (sums of ADC counts), took u32 us
TEMPERATURE = 8  # empty -> i16 centi-degrees Celsius
RANDOM = 9  # count u8 -> bytes
FLASH_READ = 10  # offset u32, length u32 -> bytes
FLASH_WRITE = 11  # offset u32, bytes -> empty (NOR: only clears bits)
FLASH_ERASE = 12  # offset u32, length u32, both multiples of 4096 -> empty
INTERLOCK = 13  # empty -> u8: 1 when the diffuser is in place
CONSOLE = 14  # u8: 1 while the firmware reads the console (0x03 is a byte), 0 for the prompt (0x03 interrupts)
WATCHDOG = 15  # limit u32 ms, more than 0 -> empty: a reset unless another comes within it, in real time always;
# as a board's, it can be set anew and not be stopped
LOCK_SET = (
    16  # output u8 (LOCK_RELAY: 1 closed; LOCK_LED: index into drivers.lock.COLOURS; LOCK_BUZZER), value u8 -> empty
)
LOCK_INPUTS = 17  # empty -> trigger u8, tampered u8, power good u8
WIEGAND = 18  # "0" and "1", 1 to 64 of them, first bit first -> empty
BUS_OPEN = 19  # baud u32, 0: closed -> empty
BUS_READ = 20  # longest u16 -> bytes that came over RS-485, maybe none
BUS_WRITE = 21  # bytes -> empty
SKIP = 22  # until u64 us -> u64 us: when a sleep of virtual time ends, beside which nobody sleeps; as asked or later

HELLO_REQUEST = "<B"
CAMERA_START_REQUEST = "<IHB"
CAMERA_READ_RESPONSE = "<Q"
EMIT_REQUEST = "<BHI"
SWIR_READ_REQUEST = "<BH"
SWIR_READ_RESPONSE = "<III"
TEMPERATURE_RESPONSE = "<h"
RANDOM_REQUEST = "<B"
FLASH_READ_REQUEST = "<II"
FLASH_WRITE_REQUEST = "<I"
FLASH_ERASE_REQUEST = "<II"
CONSOLE_REQUEST = "<B"
WATCHDOG_REQUEST = "<I"
LOCK_SET_REQUEST = "<BB"
LOCK_INPUTS_RESPONSE = "<BBB"
BUS_OPEN_REQUEST = "<I"
BUS_READ_REQUEST = "<H"
SKIP_REQUEST = SKIP_RESPONSE = "<Q"

LOCK_RELAY, LOCK_LED, LOCK_BUZZER = 0, 1, 2

# What the process finds in its environment: the numbers of the sockets' descriptors
CHANNEL_VARIABLE, FLASH_VARIABLE = "DERMIS_TWIN_FD", "DERMIS_TWIN_FLASH_FD"

RESET_STATUS = 86  # exit status by which the firmware asks for a hard reset
