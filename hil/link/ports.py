"""USB ports by the serial number of what is plugged in: after a restart a device may come under another name."""

from __future__ import annotations


def serial_number(port: str) -> str:
    """Return the USB serial number behind a port; empty where there is none (a socket, a UART of the machine)."""
    from serial.tools import list_ports

    return next((one.serial_number or "" for one in list_ports.comports() if one.device == port), "")


def port_of(serial: str, port: str) -> str:
    """Return the port that a USB serial number is at now; `port` where the number is empty or not there.

    Args:
        serial: From `serial_number`.
        port: Where it was.
    """
    from serial.tools import list_ports

    found = [one.device for one in list_ports.comports() if serial and one.serial_number == serial]
    return port if port in found or not found else str(found[0])
