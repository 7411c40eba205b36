"""The table of sources: to add one, add a package and a line. How, is told in ``base.py``."""

from collections.abc import Mapping
from typing import Final

from receiver.sources.alibaba1688 import ALIBABA1688
from receiver.sources.base import Source
from receiver.sources.dajisaas import DAJISAAS
from receiver.sources.pandapon import PANDAPON
from receiver.sources.taobao_global import TAOBAO_GLOBAL

SOURCES: Final[Mapping[str, Source]] = {
    source.name: source for source in (PANDAPON, TAOBAO_GLOBAL, ALIBABA1688, DAJISAAS)
}
