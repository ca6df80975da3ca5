"""The version that every extracted item carries; a new one makes every source be read again."""

from typing import Final

EXTRACTOR_VERSION: Final = "18"
