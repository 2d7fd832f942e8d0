"""Reading the strings of the IAB: base64url without padding, six bits a character, most significant bit first."""

import string
from typing import Final

_ALPHABET: Final = {
    sign: value for value, sign in enumerate(string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_")
}


class GppError(ValueError):
    """This is no GPP or TC string; the text says where it fails."""


class Bits:
    """The bits of one segment, read from left to right; GppError for other signs and past the end."""

    def __init__(self, text: str) -> None:
        if not text or any(sign not in _ALPHABET for sign in text):
            raise GppError("A segment holds signs that are not base64url.")
        self.bits = "".join(f"{_ALPHABET[sign]:06b}" for sign in text)
        self.at = 0

    def number(self, width: int) -> int:
        """The next `width` bits; 0 bits are 0."""
        if self.at + width > len(self.bits):
            raise GppError("A segment ends too early.")
        self.at += width
        return int(self.bits[self.at - width : self.at] or "0", 2)

    def flag(self) -> bool:
        """The next bit."""
        return self.number(1) == 1

    def ids(self, width: int) -> list[int]:
        """Which of the next `width` bits are set, the first being 1, ascending."""
        if self.at + width > len(self.bits):
            raise GppError("A segment ends too early.")
        start, self.at = self.at, self.at + width
        return [place + 1 for place, bit in enumerate(self.bits[start : self.at]) if bit == "1"]

    def fibonacci(self) -> int:
        """The next Fibonacci-coded integer: a sum of Fibonacci numbers, ended by two ones."""
        total, before, current, last = 0, 1, 1, 0
        while True:
            bit = self.number(1)
            if bit and last:
                return total
            total += current * bit
            before, current, last = current, before + current, bit
